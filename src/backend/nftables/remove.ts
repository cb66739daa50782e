import type { AttachmentName } from '../../cni/attachment'
import type { Address } from '../../policy/address'
import type { Removal } from '../backend'
import { attachmentDigest } from '../identity'
import { deleteAttachment } from './attachment-elements'
import type { QuickCarrier } from './carrier'
import { hopeless, isHopeless } from './hopeless'

/**
 * DEL. With the addresses that the ADD had, one run compares and deletes, and leaves a tombstone. A DEL without addresses
 * looks them up in the attachment's slots.
 *
 * The run is all or nothing. It is refused where an address was taken over, was never installed, or lost one of its
 * elements. The rest must be deleted all the same: `removeOwned` looks up what exists, and deletes exactly that.
 *
 * Throws only when something of ours was seen and the kernel refused to delete it. `mayMakeTable`: the tombstone may have
 * a table made for it.
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
