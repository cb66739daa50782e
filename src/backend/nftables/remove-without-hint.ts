import type { AttachmentName } from '../../cni/attachment'
import type { Removal } from '../backend'
import { attachmentDigest } from '../identity'
import { deleteAttachment } from './attachment-elements'
import type { Carrier } from './carrier'
import { findSlots } from './find'
import { hopeless, isHopeless } from './hopeless'
import { type RemoveOptions, removeOwned } from './remove-owned'
import { addTombstone } from './slots'

/** Does what `remove` does for a DEL that does not know the addresses: they are in the attachment's slots. */
export function removeWithoutHint(
  carrier: Carrier,
  attachment: AttachmentName,
  tombstone: RemoveOptions['tombstone'],
): Removal {
  const digest = attachmentDigest(attachment)
  const found = findSlots(carrier, digest)
  if (!found.ok) {
    // The map has another type than ours.
    if (found.failure === 'refused') return removeOwned(carrier, digest, { mustWalk: true, tombstone })
    return hopeless(found)
  }
  const { addresses, isTombstone } = found.value
  if (addresses.length === 0) {
    const layout = carrier.readLayout()
    if (!layout.ok) return hopeless(layout)
    // An older layout has no slots, so nothing is known yet.
    if (!layout.value.isCurrent) {
      const known = { slots: found.value, layout: layout.value }
      return removeOwned(carrier, digest, { known, tombstone })
    }
    const buried = isTombstone ? undefined : carrier.run([addTombstone(digest)])
    // Somebody has restored its rules since we looked for them.
    if (buried && !buried.ok && buried.failure === 'clash') return removeOwned(carrier, digest, { tombstone })
    // The map does not exist, or is not ours, so nothing is known yet here either.
    if (buried && !buried.ok && (buried.failure === 'missing' || buried.failure === 'refused'))
      return removeOwned(carrier, digest, { mustWalk: true, tombstone })
    return { outcome: 'absent', mayBeElsewhere: layout.value.hasMark }
  }
  const outcome = carrier.run(deleteAttachment(digest, addresses))
  if (outcome.ok) return { outcome: 'removed' }
  if (isHopeless(outcome)) return hopeless(outcome)
  return removeOwned(carrier, digest, { tombstone })
}
