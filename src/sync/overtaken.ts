import type { Backend, Change } from '../backend/backend'
import { attachmentId } from '../backend/identity'

/**
 * A DEL may come between reading the cache and writing rules from it. The rules of that attachment must not come back,
 * because its address may go to a pod of a network that we have nothing to do with. The cache does not help, because the
 * runtime removes an entry only after the DELs of the whole chain. So a DEL leaves a tombstone in the kernel
 * (`Backend.gone`), and `Backend.replace` looks for it twice: before planning and after writing. Its caller has to handle
 * only the DEL of a container that ended earlier: the cache entry of that one is gone by then.
 */

/** Removes what was restored for attachments that the cache has no more. Returns the other changes. */
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
