import type { Backend, ListedNote } from './backend/backend'
import { attachmentId, networkDigest } from './backend/identity'
import { CniError } from './cni/error'
import type { JsonObject } from './cni/json'
import { parseValidAttachments } from './cni/valid-attachments'
import { requireVersion } from './cni/version'
import { parseNetworkName } from './config/network-name'

/**
 * The verb GC: this network's attachments that the runtime does not list, then policies without pods. It reads none
 * of our own keys: a typo in the conflist must not keep a node from being tidied up.
 */
export async function collectGarbage(config: JsonObject, backend: Backend): Promise<void> {
  requireVersion('GC', config, '1.1.0')
  const network = networkDigest(parseNetworkName(config))
  const valid = new Set(parseValidAttachments(config).map(attachmentId))
  const { failures } = await backend.prune(({ id, note }) => isOf(network, note) && !valid.has(id), {
    dryRun: false,
  })
  if (failures.length > 0) {
    throw new CniError(
      'tryAgain',
      `Cannot remove ${failures.length} of the stale rules; try again`,
      failures.join('\n'),
    )
  }
}

/** A version before this one kept half a digest for IPv4. Another network may have the same half, so those are left alone. */
function isOf(network: string, note: ListedNote | undefined): boolean {
  return note?.networkDigest === network
}
