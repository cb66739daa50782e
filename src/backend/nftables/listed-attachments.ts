import { idOfDigest } from '../identity'
import type { Listed } from '../listed'
import { listedNote } from './notes'
import { digestOfOwner } from './owner'
import type { TableState } from './table-state'

/** The attachments that have addresses in the table, each with all of them, by its digest. */
export function listAttachments(state: Pick<TableState, 'addresses' | 'slots'>): Map<string, Listed> {
  const slotComments = new Map(
    state.slots.flatMap(({ digest, slot, comment }) => (slot === 0 ? [[digest, comment] as const] : [])),
  )
  const listed = new Map<string, Listed>()
  for (const { address, owner, comment } of state.addresses) {
    if (!owner) continue
    const digest = digestOfOwner(owner)
    const before = listed.get(digest)
    const note = before?.note ?? listedNote(comment, slotComments.get(digest))
    const addresses = [...(before?.addresses ?? []), address]
    listed.set(digest, { id: idOfDigest(digest), addresses, ...(note && { note }) })
  }
  return listed
}
