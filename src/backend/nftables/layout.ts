import { type Address, type Family, toMapped } from '../../policy/address'
import type { Target } from './table'
import type { ElementOperation } from './transaction'

/**
 * What stands in the table, whatever the pods (docs/architecture.md draws it):
 *
 *   owners        address -> who holds it
 *   attachments   attachment and number -> address (`slots.ts`)
 *   pods-ip[6]    address -> goto the chain of its policy
 *   base chain    looks the packet's source up in pods-ip[6]
 *   policy-<hash> chains and sets of a policy, shared by all pods that have it (`policy-objects.ts`)
 */
export const TABLE_NAME = 'ip-masq'
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

/** The key of an address in `owners`. */
export function ownerKey(address: Address): Address {
  return { family: 'ip6', value: toMapped(address) }
}

/** The chain of the policy that an element of `pods-ip` leads to; undefined where somebody else wrote it. */
export function policyOf(verdict: Target | undefined): string | undefined {
  return verdict && 'goto' in verdict && verdict.goto.startsWith('policy-') ? verdict.goto : undefined
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

/** No attachment has this value. */
export const NOBODY: Address = { family: 'ip6', value: 0n }

/**
 * Refused where an address has an owner. Whether it has one is asked before the transaction, and an ADD may come in between:
 * then this owner is refused, which the transaction adds and deletes again.
 */
export function requireNoOwner(address: Address): ElementOperation[] {
  return deleteOwner(address, NOBODY)
}

/** Both elements of an address; `hasPod` false where only the owner is left. */
export function deleteAddress(address: Address, owner: Address, hasPod = true): ElementOperation[] {
  return [...deleteOwner(address, owner), ...(hasPod ? [deletePod(address)] : [])]
}
