import type { Backend, Wanted } from '../backend/backend'
import { attachmentId } from '../backend/identity'

/**
 * CHECK: restores the rules of an attachment that has none, and returns how the kernel differs after that. An attachment
 * that has some rules is left as it is: whoever altered them may have had a reason, and CHECK reports it.
 */
export async function repairMissing(
  backend: Backend,
  wanted: Wanted,
  differences: readonly string[],
): Promise<readonly string[]> {
  const id = attachmentId(wanted.attachment)
  const listed = await backend.list({ isQuick: true })
  // Its ADD may have come since the first look.
  if (listed.some((one) => one.id === id)) return backend.verify(wanted)
  // As in sync, this takes no address from another attachment, and leaves out attachments whose DEL has come.
  const gone = await backend.gone()
  if (gone.has(id)) return differences
  await backend.replace([{ ...wanted, origin: 'restored' }], { dryRun: false })
  return backend.verify(wanted)
}
