import { sha256 } from '../../hash'
import { type Address, FAMILY_NAMES, type Family, toMapped } from '../../policy/address'
import type { Policy } from '../../policy/policy'
import type { Range } from '../../policy/range'
import { type PolicyObjects, policyObjects } from './policy-objects'
import { renderTransaction } from './render'
import type { Operation, Rule, Transaction } from './transaction'

/**
 * What stands in the table, whatever the pods (docs/architecture.md draws it):
 *
 *   owners        address -> who holds it
 *   pods-ip[6]    address -> goto the chain of its policy
 *   base chain    looks the packet's source up in pods-ip[6]
 *   policy-<hash> chains and sets of a policy, shared by all pods that have it (`policy-objects.ts`)
 */
export const OWNERS = 'owners'
export const BASE_CHAIN = 'nat-postrouting'

/**
 * An empty chain that says which layout the table has. 1, of the days before there was a marker, had none. A change
 * of the layout gets the next number, and `outdated.ts` says what has to go.
 */
export const LAYOUT = 2
export const layoutChain = `layout-${LAYOUT}`

export const POD_MAPS: Readonly<Record<Family, string>> = { ip: 'pods-ip', ip6: 'pods-ip6' }

/** The base chain's rules, in order. */
export const DISPATCH: readonly Rule[] = FAMILY_NAMES.map((family) => ({
  do: 'dispatch',
  family,
  map: POD_MAPS[family],
}))

/**
 * A policy's name says what it does: 16 hex digits of the hash of its set-up as it is rendered, with the ranges as plain
 * digits, because every ADD names its policy and a list of thousands takes long to render. Pods with the same list
 * share it, and a release that renders a policy differently makes a new one instead of editing a live one.
 */
export function policyName(policy: Policy): string {
  const known = names.get(policy)
  if (known !== undefined) return known
  const { sets, chains } = policyObjects(policy, 'policy')
  const empty = { chains, sets: sets.map((set) => ({ ...set, ranges: [] })) }
  let text = renderTransaction(setUpObjects(empty))
  for (const set of sets) {
    for (const { first, end } of set.ranges) text += first + end
    text += '\n'
  }
  const name = `policy-${sha256(text).slice(0, 16)}`
  names.set(policy, name)
  return name
}

/** A sync asks for the names of a few policies thousands of times. */
const names = new WeakMap<Policy, string>()

/**
 * Table, maps and base chain. May run any number of times and beside others: what is absent is added, and what could
 * be doubled (rules) is flushed in the same transaction. `older` names chains of another layout to take away first: a
 * base chain cannot change its hook in place, and the marker of an older layout goes when the newer one comes.
 */
export function setUpTable(older: readonly string[] = []): Transaction {
  return [
    { do: 'add-table' },
    { do: 'add-map', name: OWNERS, key: 'ip6', value: 'ip6' },
    ...FAMILY_NAMES.map(
      (family): Operation => ({ do: 'add-map', name: POD_MAPS[family], key: family, value: 'verdict' }),
    ),
    ...older.flatMap(deleteChain),
    { do: 'add-chain', name: layoutChain },
    { do: 'add-base-chain', name: BASE_CHAIN },
    { do: 'flush-chain', name: BASE_CHAIN },
    ...DISPATCH.map((rule): Operation => ({ do: 'add-rule', chain: BASE_CHAIN, rule })),
  ]
}

function deleteChain(name: string): Transaction {
  return [
    { do: 'flush-chain', name },
    { do: 'delete-chain', name },
  ]
}

interface PolicyNames {
  readonly sets: readonly { readonly name: string }[]
  readonly chains: readonly { readonly name: string }[]
}

/** A policy that nothing goes to any more. Refused ("busy") when an ADD has just begun to use it. */
export function deletePolicy({ sets, chains }: PolicyNames): Transaction {
  return [
    ...chains.flatMap(({ name }): Operation[] => [{ do: 'flush-chain', name }]),
    ...chains.map(({ name }): Operation => ({ do: 'delete-chain', name })),
    ...sets.map(({ name }): Operation => ({ do: 'delete-set', name })),
  ]
}

/** One policy, as `setUpTable`: what could be doubled or out of date is flushed in the same transaction. */
export function setUpPolicy(policy: Policy): Transaction {
  return setUpObjects(policyObjects(policy, policyName(policy)))
}

function setUpObjects({ sets, chains }: PolicyObjects): Transaction {
  return [
    ...sets.flatMap((set): Operation[] => [
      { do: 'add-set', name: set.name, key: set.family },
      { do: 'flush-set', name: set.name },
      ...addRanges(set.name, set.ranges),
    ]),
    ...chains.flatMap((chain): Operation[] => [
      { do: 'add-chain', name: chain.name },
      { do: 'flush-chain', name: chain.name },
    ]),
    ...chains.flatMap((chain) =>
      chain.rules.map((rule): Operation => ({ do: 'add-rule', chain: chain.name, rule })),
    ),
  ]
}

/** nft has no word for no elements. */
function addRanges(set: string, ranges: readonly Range[]): Operation[] {
  if (ranges.length === 0) return []
  return [{ do: 'add-elements', set, elements: ranges.map((range) => ({ range })) }]
}

/** The key of an address in `owners`. */
function ownerKey(address: Address): Address {
  return { family: 'ip6', value: toMapped(address) }
}

/** Gives an address to an owner. Refused ("File exists") when another holds it; nothing when it is the same. */
export function addOwner(address: Address, value: Address, comment?: string): Operation {
  const element = { key: ownerKey(address), value, ...(comment !== undefined && { comment }) }
  return { do: 'add-elements', set: OWNERS, elements: [element] }
}

/** Sends an address's packets to a policy. Refused ("File exists") when they go to another. */
export function addPod(address: Address, policyChain: string): Operation {
  return {
    do: 'add-elements',
    set: POD_MAPS[address.family],
    elements: [{ key: address, goto: policyChain }],
  }
}

export function deletePod(address: Address): Operation {
  return { do: 'delete-element', set: POD_MAPS[address.family], key: address }
}

/**
 * Compare-and-delete: `delete element` takes no heed of the value, but an `add` of the same element is refused
 * when it has another, and takes the whole transaction with it.
 */
export function deleteOwner(address: Address, value: Address): Transaction {
  return [addOwner(address, value), { do: 'delete-element', set: OWNERS, key: ownerKey(address) }]
}

/** Both elements of an address; `hasPod` false where only the owner is left. */
export function deleteAddress(address: Address, owner: Address, hasPod = true): Transaction {
  return [...deleteOwner(address, owner), ...(hasPod ? [deletePod(address)] : [])]
}
