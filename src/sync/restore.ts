import type { Backend, Wanted } from '../backend/backend'
import { attachmentId } from '../backend/identity'
import type { Attachment } from '../cni/attachment'
import type { JsonObject } from '../cni/json'
import type { Settings } from '../config/intent'
import { type Decide, deciderOf } from './decisions'
import { readNodeCache } from './node-cache'
import { wantedOf } from './wanted-of'

/** The ADD that found the table gone. */
export interface AddedPod {
  /** The added pod. The cache's entry for it, if there is one, is old. */
  readonly attachment: Attachment
  /** The config of the ADD. */
  readonly config: JsonObject
  /** The same config, parsed. */
  readonly settings: Settings
}

export interface Restoration {
  readonly cacheDir: string
  readonly added: AddedPod
  /** No more of the cache is read, because what was read has yet to be written. */
  readonly isLate: () => boolean
}

export interface RestoringBackends {
  /** A backend with a short limit, because an ADD waits. */
  readonly backend: Backend
  /** A backend with the limit of a whole call, for what must not be left half done. */
  readonly patientBackend: Backend
}

export interface Restored {
  readonly restored: number
  /** The number of attachments whose cache entries were not read any more. */
  readonly left: number
}

/**
 * Runs after an ADD that found the table gone. It restores the rules of the network's other pods in one transaction, with
 * the config that the ADD was called with. Sync does this for all networks; but a node may run no sync, and its pods
 * should not wait for it.
 */
export async function restoreNetwork(
  { backend, patientBackend }: RestoringBackends,
  { cacheDir, added, isLate }: Restoration,
): Promise<Restored> {
  const { containerID, ifname, network } = added.attachment
  const cache = readNodeCache([cacheDir], { network, isLate })
  // An attachment that has rules elsewhere stays there. Moving it is the work of sync, which has the time.
  const restored = { decide: deciderForOthers(added), isFallback: true }
  const { wanted } = await wantedOf(cache, async ({ attachment }) => {
    const isOwn = attachment.containerID === containerID && attachment.ifname === ifname
    return attachment.network === network && !isOwn ? restored : undefined
  })
  const left = cache.unread
  if (wanted.length === 0) return { restored: 0, left }
  try {
    const { changes, unrepaired } = await backend.replace(wanted, { dryRun: false })
    if (unrepaired.length > 0) await removeGone(patientBackend, wanted)
    return { restored: changes.length, left }
  } catch (error) {
    await removeGone(patientBackend, wanted)
    throw error
  }
}

/** Decides for the other pods: the list that came for the added pod is not theirs. */
function deciderForOthers({ config, settings }: AddedPod): Decide {
  const { runtimeConfig: _, args: __, ...plugin } = config
  const { podCIDRs: ___, ...common } = settings.config
  return deciderOf(plugin, { ...settings, config: common })
}

/**
 * Removes rules of attachments whose DEL has come. A tool that was killed at its deadline may have written the rules
 * before, and then nobody has looked for DELs that came meanwhile. A rule of a dead pod must not stay, so this takes the
 * time that it needs.
 */
async function removeGone(backend: Backend, wanted: readonly Wanted[]): Promise<void> {
  const gone = await backend.gone()
  for (const { attachment, addresses } of wanted) {
    if (gone.has(attachmentId(attachment))) await backend.remove(attachment, addresses)
  }
}
