import { type Address, addressOf, type Family, isSameAddress } from '../../policy/address'
import { formatAddress, parsePrinted } from '../../policy/address-text'
import { UnusableError } from '../tolerances'
import { addressChain, addressPrefix, DISPATCH, dispatchRule, HOOK, ownerPrefix } from './layout'
import { digitsIn } from './owner-rows'
import { type OwnerState, parseOwner } from './owner-state'
import { isPolicyChain } from './policy-chains'
import { renderRule } from './render'
import { tombstonePrefix } from './tombstones'
import { type Iptables, runList, toError } from './tool'

/** An address and the content of its chain. */
export interface AddressState {
  readonly address: Address
  /** Its owners: one, unless ADDs collided (`layout.ts`). */
  readonly owners: readonly string[]
  readonly policy?: string
  /** How many rules lead to its chain. */
  readonly dispatches: number
  readonly hasChain: boolean
  /** The rules of its chain. */
  readonly rules: readonly string[]
}

/** A chain of an address that no rule leads to and no owner has a row for. A flush leaves such chains. */
export interface StrayState {
  readonly chain: string
  readonly owners: readonly string[]
}

/** Our part of a family's nat table, and the rules before our jump. */
export interface State {
  /** The rules of each chain, as `-S` prints them without `-A CHAIN `. */
  readonly chains: ReadonlyMap<string, readonly string[]>
  readonly hook: readonly string[]
  readonly addresses: readonly AddressState[]
  readonly owners: readonly OwnerState[]
  readonly strays: readonly StrayState[]
}

export function readState(iptables: Iptables, family: Family, action: string): State {
  const outcome = runList(iptables, family)
  if (outcome.ok) return parseState(outcome.stdout, family)
  throw toError(action, outcome)
}

/**
 * The state of a family in which nothing is wanted. Where the machine has no nat table for the family, we have no rules
 * there.
 */
export function readStateIfAny(iptables: Iptables, family: Family, action: string): State {
  try {
    return iptables.hasTable(family) ? readState(iptables, family, action) : NOTHING
  } catch (error) {
    if (error instanceof UnusableError) return NOTHING
    throw error
  }
}

const NOTHING: State = { chains: new Map(), hook: [], addresses: [], owners: [], strays: [] }

export function parseState(text: string, family: Family): State {
  const chains = new Map<string, string[]>()
  const hook: string[] = []
  for (const line of text.split('\n')) {
    const [, command, chain = '', rule = ''] = /^-([NA]) (\S+) ?(.*)$/.exec(line) ?? []
    if (command === 'A' && chain === HOOK) hook.push(rule)
    if (
      chain !== DISPATCH &&
      !chain.startsWith(addressPrefix) &&
      !chain.startsWith(ownerPrefix) &&
      !chain.startsWith(tombstonePrefix) &&
      !isPolicyChain(chain)
    )
      continue
    const rules = chains.get(chain) ?? []
    chains.set(chain, rules)
    if (command === 'A') rules.push(family === 'ip6' ? respell(rule) : rule)
  }
  const owners = [...chains].flatMap(([chain, rules]) =>
    chain.startsWith(ownerPrefix) ? [parseOwner(chain.slice(ownerPrefix.length), rules)] : [],
  )
  const addresses = addressesIn(chains, owners)
  return { chains, hook, owners, addresses, strays: straysIn(chains, addresses) }
}

/**
 * Changes an address to our one spelling: ip6tables prints the last 32 bits of some addresses as a dotted quad
 * (inet_ntop).
 */
function respell(rule: string): string {
  if (!rule.includes('.')) return rule
  return rule.replace(/[0-9a-f:]*:\d+\.\d+\.\d+\.\d+/g, (text) => {
    const address = parsePrinted(text)
    return address ? formatAddress(address) : text
  })
}

function straysIn(
  chains: ReadonlyMap<string, readonly string[]>,
  addresses: readonly AddressState[],
): StrayState[] {
  const known = new Set(addresses.map(({ address }) => addressChain(address)))
  return [...chains].flatMap(([chain, rules]) => {
    if (!chain.startsWith(addressPrefix) || known.has(chain)) return []
    return [{ chain, owners: ownersIn(rules) }]
  })
}

function ownersIn(rules: readonly string[]): string[] {
  return [...new Set(rules.flatMap((rule) => /^-j IPM-O-(\S+)$/.exec(rule)?.[1] ?? []))]
}

/** The address that a rule of ours sends to its chain; undefined for any other rule. */
function dispatchedBy(rule: string): Address | undefined {
  const address = sourceOf(rule)
  return address && rule === renderRule(dispatchRule(address)) ? address : undefined
}

/** Rules in our dispatch chain that somebody else put there. */
export function foreignDispatches({ chains }: State): string[] {
  return (chains.get(DISPATCH) ?? []).filter((rule) => !dispatchedBy(rule))
}

/** The addresses in dispatch rules and in owners' rows. */
function addressesIn(
  chains: ReadonlyMap<string, readonly string[]>,
  owners: readonly OwnerState[],
): AddressState[] {
  const found = new Map<string, { address: Address; dispatches: number }>()
  const at = (address: Address) => {
    const key = formatAddress(address)
    const known = found.get(key) ?? { address, dispatches: 0 }
    found.set(key, known)
    return known
  }
  for (const address of (chains.get(DISPATCH) ?? []).map(dispatchedBy)) if (address) at(address).dispatches++
  for (const address of owners.flatMap((owner) => owner.addresses)) at(address)
  return [...found.values()].map(({ address, dispatches }) => {
    const rules = chains.get(addressChain(address))
    const policy = rules?.map((rule) => /^-g (IPM-P-\S+)$/.exec(rule)?.[1]).find((name) => name !== undefined)
    return {
      address,
      owners: ownersIn(rules ?? []),
      ...(policy !== undefined && { policy }),
      dispatches,
      hasChain: rules !== undefined,
      rules: rules ?? [],
    }
  })
}

export function findAddress({ addresses }: State, address: Address): AddressState | undefined {
  return addresses.find((one) => isSameAddress(one.address, address))
}

/** The one address in a rule's `-s`. */
function sourceOf(rule: string): Address | undefined {
  const digits = digitsIn(rule, '-s')
  return digits === undefined ? undefined : addressOf(digits)
}
