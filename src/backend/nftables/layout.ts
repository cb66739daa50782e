import { type Address, addressOf, type Family, toMapped } from '../../policy/address'
import type { Target } from './table'
import type { ElementOperation } from './transaction'

/**
 * What the table has, whatever the pods (docs/architecture.md draws it):
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
 * An empty chain marks the layout of the table. Layout 1 had no such marker, layout 2 no map `attachments`. Where the
 * marker of 3 exists, every attachment in `owners` has its slots. A change of the layout gets the next number, and
 * `outdated.ts` lists what has to be deleted.
 */
export const LAYOUT = 3
export const layoutChain = `layout-${LAYOUT}`

export const POD_MAPS: Readonly<Record<Family, string>> = { ip: 'pods-ip', ip6: 'pods-ip6' }

/** The key of an address in `owners`. */
export function ownerKey(address: Address): Address {
  return { family: 'ip6', value: toMapped(address) }
}

/** The policy chain that an element of `pods-ip` leads to; undefined where somebody else wrote the element. */
export function policyOf(verdict: Target | undefined): string | undefined {
  return verdict && 'goto' in verdict && verdict.goto.startsWith('policy-') ? verdict.goto : undefined
}

/**
 * Gives an address to an owner. Refused ("File exists") when another owner holds it; changes nothing when the same one
 * does.
 */
export function addOwner(address: Address, owner: string, comment?: string): ElementOperation {
  const element = {
    key: ownerKey(address),
    value: addressOf(owner),
    ...(comment !== undefined && { comment }),
  }
  return { do: 'add-elements', set: OWNERS, elements: [element] }
}

/**
 * Sends an address's packets to a policy. Refused ("File exists") when they are sent to another one. Kernels before 6.5
 * may refuse it ("Device or resource busy") even when they are sent to the same one, because they compare the padding of
 * a verdict too (fixed in stable kernels since July 2023; seen on 5.4). So whoever knows of an element deletes it first,
 * in the same transaction, whatever its policy.
 */
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
 * Compares and deletes. `delete element` ignores the value, but an `add` of the same element is refused when the element
 * has another value, and then the whole transaction is refused.
 */
export function deleteOwner(address: Address, owner: string): ElementOperation[] {
  return [addOwner(address, owner), { do: 'delete-element', set: OWNERS, key: ownerKey(address) }]
}

/** A value that no attachment has. */
export const NOBODY = '0'.repeat(32)

/**
 * Refuses the transaction if an address has an owner. The owner is looked up before the transaction, and an ADD may come
 * in between. So the transaction adds this owner and deletes it again, which is refused if there is another one.
 */
export function requireNoOwner(address: Address): ElementOperation[] {
  return deleteOwner(address, NOBODY)
}

/** Deletes both elements of an address; `hasPod` is false where only the owner is left. */
export function deleteAddress(address: Address, owner: string, hasPod = true): ElementOperation[] {
  return [...deleteOwner(address, owner), ...(hasPod ? [deletePod(address)] : [])]
}
