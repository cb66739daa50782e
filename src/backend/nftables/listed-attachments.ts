import type { Address } from '../../policy/address'
import { idOfDigest } from '../identity'
import type { Listed } from '../listed'
import { listedNote } from './notes'
import { digestOfOwner } from './owner'
import type { TableState } from './table-state'

/** The attachments that have addresses in the table, by digest, each with all its addresses. */
export function listAttachments(state: Pick<TableState, 'addresses' | 'slots'>): Map<string, Listed> {
  const slotComments = new Map<string, string | undefined>()
  for (const { digest, slot, comment } of state.slots) if (slot === 0) slotComments.set(digest, comment)
  const listed = new Map<string, Listed & { readonly addresses: Address[] }>()
  for (const { address, owner, comment } of state.addresses) {
    if (!owner) continue
    const digest = digestOfOwner(owner)
    const before = listed.get(digest)
    if (before) before.addresses.push(address)
    if (before?.note) continue
    const note = listedNote(comment, slotComments.get(digest))
    listed.set(digest, { id: idOfDigest(digest), addresses: before?.addresses ?? [address], note })
  }
  return listed
}
