import type { Address } from '../../policy/address'
import type { Wanted } from '../backend'
import { attachmentDigest } from '../identity'
import { addOwner, addPod, deleteAddress } from './layout'
import { ownerComment, ownerValue } from './owner'
import { policyName } from './policy-name'
import { addSlots, addTombstone, deleteSlots, type SlotNote } from './slots'
import type { ElementOperation } from './transaction'

/** The record of the ADD. */
export interface Note extends SlotNote {
  readonly epochSeconds: number
}

/** Adds both elements of every address, and the slots. */
export function addAttachment({ attachment, addresses, policy }: Wanted, note: Note): ElementOperation[] {
  const digest = attachmentDigest(attachment)
  const [owner, comment, chain] = [
    ownerValue(digest, addresses),
    ownerComment(attachment, note.epochSeconds),
    policyName(policy),
  ]
  return [
    ...addresses.flatMap((address) => [addOwner(address, owner, comment), addPod(address, chain)]),
    addSlots(digest, addresses, note),
  ]
}

/** Compares and deletes what an ADD with these addresses made, and leaves a tombstone. */
export function deleteAttachment(digest: string, addresses: readonly Address[]): ElementOperation[] {
  const owner = ownerValue(digest, addresses)
  return [
    ...addresses.flatMap((address) => deleteAddress(address, owner)),
    ...deleteSlots(digest, addresses.length),
    addTombstone(digest),
  ]
}
