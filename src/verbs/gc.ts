import type { Listed } from '../backend/backend'
import { attachmentId, networkDigest } from '../backend/identity'
import type { AttachmentName } from '../cni/attachment'
import { CniError } from '../cni/error'
import { parseValidAttachments } from '../cni/valid-attachments'
import { requireVersion } from '../cni/version'
import { parseNetworkName } from '../config/network-name'
import { renderKept } from '../sync/kept'
import { readNodeCache } from '../sync/node-cache'
import { pruneGone } from '../sync/prune'
import type { Answer, Call, Input } from './call'

/** The same default as in `ip-masq gc`. */
const GRACE_SECONDS = 600

/**
 * The verb GC. It removes this network's attachments that the runtime does not list, then policies without pods. If the
 * runtime lists none, because it does not know, only those that are proven gone are removed. It reads none of our own
 * keys: a typo in the conflist must not keep a node from being tidied up. The spec requires CNI_PATH, but we start no
 * plugin, and so do without it.
 */
export async function gc(call: Call, input: Input): Promise<Answer> {
  const { text, config } = input.read()
  requireVersion('GC', config, '1.1.0')
  const name = parseNetworkName(config)
  const list = parseValidAttachments(config, text)
  return {
    stdout: '',
    warnings: list ? await removeUnlisted(name, list, call) : await removeGone(name, call),
  }
}

async function removeUnlisted(
  name: string,
  list: readonly AttachmentName[],
  { backend }: Call,
): Promise<readonly string[]> {
  const valid = new Set(list.map(attachmentId))
  const { isOf, keptUnsure } = membersOf(name)
  const isStale = (listed: Listed) => !valid.has(listed.id) && isOf(listed)
  const { failures } = await backend.prune(isStale, { dryRun: false })
  requireSuccess(failures)
  return keptUnsure()
}

async function removeGone(name: string, { backend, cacheDir }: Call): Promise<readonly string[]> {
  const { isOf, keptUnsure } = membersOf(name)
  const { failures, known, kept } = await pruneGone(backend, {
    readCache: () => readNodeCache([cacheDir]),
    graceSeconds: GRACE_SECONDS,
    dryRun: false,
    isCandidate: isOf,
  })
  requireSuccess(failures)
  const all = [...known, ...kept]
  if (all.length === 0) return keptUnsure()
  return [
    ...keptUnsure(),
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

/**
 * Decides which attachments are of this network. An older version recorded half a digest for IPv4. Another network may
 * have the same half, so such attachments are left alone, and reported at the end.
 */
function membersOf(name: string) {
  const network = networkDigest(name)
  const unsure = new Map<string, Listed>()
  const because = `an older version recorded only half of its network's digest, so it may belong to a network other than ${name}; ip-masq gc removes it once it is proven gone`
  return {
    isOf(listed: Listed): boolean {
      const digest = listed.note?.networkDigest ?? ''
      if (digest !== '' && digest !== network && network.startsWith(digest)) unsure.set(listed.id, listed)
      return digest === network
    },
    keptUnsure: () =>
      renderKept([...unsure.values()].map((listed) => ({ listed, verdict: { is: 'unknown', because } }))),
  }
}
