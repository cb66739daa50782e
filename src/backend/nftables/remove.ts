import type { AttachmentName } from '../../cni/attachment'
import type { Address } from '../../policy/address'
import type { Removal } from '../backend'
import { attachmentDigest } from '../identity'
import { deleteAttachment } from './attachment-elements'
import type { QuickCarrier } from './carrier'
import { hopeless, isHopeless } from './hopeless'

/**
 * DEL. With the addresses that the ADD had: one run that compares and deletes, and leaves a tombstone. A DEL without
 * addresses looks up the attachment's slots, which say them.
 *
 * The run is all or nothing. Where an address was taken over, never installed, or lost one of its elements, it is refused,
 * and the rest must go all the same: `removeOwned` looks up what there is, and deletes exactly that.
 *
 * Throws only when something of ours was seen and the kernel refused to delete it. `mayMakeTable`: a tombstone is worth
 * a table of its own.
 */
export async function remove(
  carrier: QuickCarrier,
  attachment: AttachmentName,
  { hint, mayMakeTable }: { readonly hint: readonly Address[]; readonly mayMakeTable: boolean },
): Promise<Removal> {
  const digest = attachmentDigest(attachment)
  const tombstone = mayMakeTable ? 'make-table' : 'in-table'
  if (hint.length === 0) {
    const { removeWithoutHint } = await import('./remove-without-hint')
    return removeWithoutHint(await carrier.whole(), attachment, tombstone)
  }
  const outcome = carrier.run(deleteAttachment(digest, hint))
  if (outcome.ok) return { outcome: 'removed' }
  if (isHopeless(outcome)) return hopeless(outcome)
  const { removeOwned } = await import('./remove-owned')
  return removeOwned(await carrier.whole(), digest, { orphans: hint, tombstone })
}
