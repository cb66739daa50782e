import type { Backend, Change } from '../backend/backend'
import { attachmentId } from '../backend/identity'

/**
 * A DEL may come between the moment when the cache is read and the moment when rules are written from it: its rule must not
 * come back, because its address may go to a pod of a network that has nothing to do with us. The cache is of little help
 * there, because the runtime removes an entry only after the DELs of the whole chain. So a DEL leaves word in the kernel
 * (`Backend.gone`), and `Backend.replace` looks for it twice: before planning, and after writing. What remains for whoever
 * calls that is the DEL of a container that came to its end before: its entry is gone by then.
 */

/** Takes back what was restored for attachments that the cache has no more. Returns the changes that stand. */
export async function undoEnded(
  backend: Backend,
  changes: readonly Change[],
  hasEnded: (id: string) => boolean,
): Promise<readonly Change[]> {
  const standing: Change[] = []
  for (const change of changes) {
    if (change.what === 'restored' && hasEnded(attachmentId(change.attachment)))
      await backend.remove(change.attachment, change.addresses)
    else standing.push(change)
  }
  return standing
}
