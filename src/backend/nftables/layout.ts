import { sha256 } from '#system/digest'
import { type Address, type Family, toMapped } from '../../policy/address'
import type { Policy } from '../../policy/policy'
import type { Range } from '../../policy/range'
import { type PolicyObjects, policyObjects } from './policy-objects'
import { renderTransaction } from './render'
import type { ElementOperation, Operation, Transaction } from './transaction'

/**
 * What stands in the table, whatever the pods (docs/architecture.md draws it):
 *
 *   owners        address -> who holds it
 *   attachments   attachment and number -> address (`slots.ts`)
 *   pods-ip[6]    address -> goto the chain of its policy
 *   base chain    looks the packet's source up in pods-ip[6]
 *   policy-<hash> chains and sets of a policy, shared by all pods that have it (`policy-objects.ts`)
 */
export const OWNERS = 'owners'
export const ATTACHMENTS = 'attachments'
export const BASE_CHAIN = 'nat-postrouting'

/**
 * An empty chain says which layout the table has. Layout 1 had no such marker, layout 2 no map `attachments`. Where the
 * marker of 3 exists, every attachment in `owners` has its slots. A change of the layout gets the next number, and
 * `outdated.ts` says what has to go.
 */
export const LAYOUT = 3
export const layoutChain = `layout-${LAYOUT}`

export const POD_MAPS: Readonly<Record<Family, string>> = { ip: 'pods-ip', ip6: 'pods-ip6' }

/**
 * A policy's name says what it does: 16 hex digits of the hash of its set-up as it is rendered, with the ranges as plain
 * digits, because every ADD names its policy and a list of thousands takes long to render. Pods with the same list
 * share it, and a release that renders a policy differently makes a new one instead of editing a live one.
 */
export function policyName(policy: Policy): string {
  const { sets, chains } = policyObjects(policy, 'policy')
  const empty = { chains, sets: sets.map((set) => ({ ...set, ranges: [] })) }
  let text = renderTransaction(setUpObjects(empty))
  for (const set of sets) {
    for (const { first, end } of set.ranges) text += first + end
    text += '\n'
  }
  return `policy-${sha256(text).slice(0, 16)}`
}

/** The sets, chains and rules of a policy: what could be doubled or out of date is flushed in the same transaction. */
export function setUpObjects({ sets, chains }: PolicyObjects): Transaction {
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
export function ownerKey(address: Address): Address {
  return { family: 'ip6', value: toMapped(address) }
}

/** The verdict of an element of `pods-ip`, as nft prints it. */
export function goTo(policyChain: string): string {
  return `goto ${policyChain}`
}

/** Whether we could have written a verdict. */
export function isOurs(verdict: string): boolean {
  return verdict.startsWith(goTo('policy-'))
}

/** Gives an address to an owner. Refused ("File exists") when another holds it; nothing when it is the same. */
export function addOwner(address: Address, value: Address, comment?: string): ElementOperation {
  const element = { key: ownerKey(address), value, ...(comment !== undefined && { comment }) }
  return { do: 'add-elements', set: OWNERS, elements: [element] }
}

/** Sends an address's packets to a policy. Refused ("File exists") when they go to another. */
export function addPod(address: Address, policyChain: string): ElementOperation {
  return {
    do: 'add-elements',
    set: POD_MAPS[address.family],
    elements: [{ key: address, goto: policyChain }],
  }
}

export function deletePod(address: Address): ElementOperation {
  return { do: 'delete-element', set: POD_MAPS[address.family], key: address }
}

/**
 * Compare-and-delete: `delete element` takes no heed of the value, but an `add` of the same element is refused
 * when it has another, and takes the whole transaction with it.
 */
export function deleteOwner(address: Address, value: Address): ElementOperation[] {
  return [addOwner(address, value), { do: 'delete-element', set: OWNERS, key: ownerKey(address) }]
}

/** Both elements of an address; `hasPod` false where only the owner is left. */
export function deleteAddress(address: Address, owner: Address, hasPod = true): ElementOperation[] {
  return [...deleteOwner(address, owner), ...(hasPod ? [deletePod(address)] : [])]
}
