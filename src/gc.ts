import type { Backend } from './backend/backend'
import { CniError } from './cni/error'
import type { JsonObject } from './cni/json'
import { parseValidAttachments } from './cni/valid-attachments'
import { requireVersion } from './cni/version'
import { parseNetworkName } from './config/network-name'

/**
 * The verb GC: this network's attachments that the runtime does not list, then policies without pods. It reads none
 * of our own keys: a typo in the conflist must not keep a node from being tidied up.
 */
export function collectGarbage(config: JsonObject, backend: Backend): void {
  requireVersion('GC', config, '1.1.0')
  const network = backend.networkDigest(parseNetworkName(config))
  const valid = new Set(parseValidAttachments(config).map((attachment) => backend.id(attachment)))
  const { failures } = backend.prune(({ id, note }) => note?.networkDigest === network && !valid.has(id), {
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
