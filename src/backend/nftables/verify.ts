import { CniError } from '../../cni/error'
import { type Address, isSameAddress } from '../../policy/address'
import type { Wanted } from '../backend'
import type { Carrier } from './carrier'
import { compareHook, comparePolicy, foreignHooks } from './compare-structure'
import { type Difference, wordDifference } from './difference'
import { policyOf } from './layout'
import { hasLayout, wrongMaps } from './outdated'
import { ownerTest } from './owner'
import { policyName } from './policy-name'
import { type AttachmentState, readAttachment } from './read-attachment'
import { isSame } from './same'
import { inSlotOrder } from './slots'
import { type AddressState, exists } from './table-state'

const ACTION = 'check the rules'

/** The most reads; two reads that find the same are believed. */
const MOST_READS = 10

/**
 * CHECK compares what an ADD would write now with what is there: the attachment's own elements, by key, the base chain,
 * and one policy. The parts may be from different moments, and a busy node has thousands of transactions in a second. So
 * a read that finds no difference is believed, and a read that finds one is repeated until two agree. `warn` gets what is
 * strange but changes nothing for the pod.
 */
export function verify(carrier: Carrier, wanted: Wanted, warn: (line: string) => void = () => {}): string[] {
  const { attachment, addresses, policy } = wanted
  if (addresses.length === 0) return []
  const policies = new Set([policyName(policy)])
  let previous: readonly Difference[] | undefined
  for (let i = 0; i < MOST_READS; i++) {
    const state = readAttachment(carrier, { action: ACTION, attachment, addresses, policies: [...policies] })
    const found = addresses.flatMap((address) => policyOf(stateOf(state, address)?.verdict) ?? [])
    if (found.some((name) => !policies.has(name))) {
      for (const name of found) policies.add(name)
      continue
    }
    const differences = compare(state, wanted)
    const foreign = foreignHooks(state.table)
    if (differences.length === 0) {
      for (const one of foreign) warn(wordDifference(one))
      return []
    }
    if (isSame(differences, previous)) return [...differences, ...foreign].map(wordDifference)
    previous = differences
  }
  throw new CniError('tryAgain', `Cannot ${ACTION}: the ruleset changes too fast to be read; try again`)
}

function compare(state: AttachmentState, wanted: Wanted): Difference[] {
  if (!exists(state)) return [{ is: 'no-table' }]
  const { table } = state
  const { addresses, policy } = wanted
  const name = policyName(policy)
  // A release that names policies differently made a chain that does the same.
  const isAsWanted = (address: Address) => {
    const chain = policyOf(stateOf(state, address)?.verdict)
    return chain !== undefined && chain !== name && comparePolicy(table, policy, chain).length === 0
  }
  const others = addresses.filter((address) => !isAsWanted(address))
  return [
    ...wrongMaps(table).map((name) => ({ is: 'another-type', kind: 'map', name }) as const),
    ...compareHook(table),
    ...(others.length > 0 ? comparePolicy(table, policy, name) : []),
    ...addresses.flatMap((address) => [
      ...(others.includes(address) ? compareVerdict(stateOf(state, address), address, name) : []),
      ...compareOwner(stateOf(state, address), address, wanted),
    ]),
    ...findSurplus(state, wanted),
    ...(hasLayout(table) ? compareSlots(state, wanted) : []),
  ]
}

function stateOf(state: AttachmentState, address: Address): AddressState | undefined {
  return state.addresses.find((other) => isSameAddress(other.address, address))
}

function compareVerdict(found: AddressState | undefined, address: Address, expected: string): Difference[] {
  if (found?.verdict === undefined) return [{ is: 'no-rule', address }]
  if (policyOf(found.verdict) === expected) return []
  return [{ is: 'another-verdict', address, found: found.verdict, expected: { goto: expected } }]
}

function compareOwner(
  found: AddressState | undefined,
  address: Address,
  { attachment }: Wanted,
): Difference[] {
  if (!found?.owner) return [{ is: 'no-owner', address }]
  return ownerTest(attachment)(found.owner) ? [] : [{ is: 'another-owner', address, comment: found.comment }]
}

/** Addresses that an earlier ADD installed for the attachment, without a DEL in between. */
function findSurplus(state: AttachmentState, { attachment, addresses }: Wanted): Difference[] {
  const isOwn = ownerTest(attachment)
  return state.addresses
    .filter(
      ({ owner, address }) => owner && isOwn(owner) && !addresses.some((own) => isSameAddress(own, address)),
    )
    .map(({ address }) => ({ is: 'surplus', address }))
}

/** Compares the slots, which a DEL without prevResult relies on. */
function compareSlots({ slots: { addresses: found } }: AttachmentState, { addresses }: Wanted): Difference[] {
  const expected = inSlotOrder(addresses)
  return isSame(found, expected) ? [] : [{ is: 'other-slots', found, expected }]
}
