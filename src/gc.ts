import type { Backend, ListedNote } from './backend/backend'
import { attachmentId, networkDigest } from './backend/identity'
import { CniError } from './cni/error'
import type { JsonObject } from './cni/json'
import { readResultCache } from './cni/result-cache'
import { parseValidAttachments } from './cni/valid-attachments'
import { requireVersion } from './cni/version'
import { parseNetworkName } from './config/network-name'
import { renderKept } from './sync/kept'
import { netnsTest } from './sync/netns'
import { pruneGone } from './sync/prune'

export interface Node {
  readonly backend: Backend
  /** Where runtimes keep their results. */
  readonly cacheDir: string
  readonly bootSeconds: () => number
}

/** As `ip-masq gc` has it. */
const GRACE_SECONDS = 600

/**
 * The verb GC: this network's attachments that the runtime does not list, then policies without pods. Where it lists
 * none, because it does not know, only those that are proven gone. It reads none of our own keys: a typo in the conflist
 * must not keep a node from being tidied up. Returns what is to be said on stderr.
 */
export async function collectGarbage(config: JsonObject, node: Node): Promise<readonly string[]> {
  requireVersion('GC', config, '1.1.0')
  const name = parseNetworkName(config)
  const network = networkDigest(name)
  const list = parseValidAttachments(config)
  if (!list) return removeGone(name, node)
  const valid = new Set(list.map(attachmentId))
  const { failures } = await node.backend.prune(({ id, note }) => isOf(network, note) && !valid.has(id), {
    dryRun: false,
  })
  requireSuccess(failures)
  return []
}

async function removeGone(
  name: string,
  { backend, cacheDir, bootSeconds }: Node,
): Promise<readonly string[]> {
  const network = networkDigest(name)
  const { failures, known, kept } = await pruneGone(backend, {
    readCache: () => readResultCache([cacheDir], { isGone: netnsTest() }),
    graceSeconds: GRACE_SECONDS,
    bootSeconds,
    dryRun: false,
    isCandidate: ({ note }) => isOf(network, note),
  })
  requireSuccess(failures)
  const all = [...known, ...kept]
  if (all.length === 0) return []
  return [
    `GC was called without a list of valid attachments, so only those of ${name} that are proven gone were removed`,
    ...renderKept(all),
  ]
}

function requireSuccess(failures: readonly string[]): void {
  if (failures.length === 0) return
  throw new CniError(
    'tryAgain',
    `Cannot remove ${failures.length} of the stale rules; try again`,
    failures.join('\n'),
  )
}

/** A version before this one kept half a digest for IPv4. Another network may have the same half, so those are left alone. */
function isOf(network: string, note: ListedNote | undefined): boolean {
  return note?.networkDigest === network
}
