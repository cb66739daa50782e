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
  /** What the cache still says of it is old. */
  readonly attachment: Attachment
  /** What the ADD was called with. */
  readonly config: JsonObject
  /** The same, read. */
  readonly settings: Settings
}

export interface Restoration {
  readonly cacheDir: string
  readonly added: AddedPod
  /** No more of the cache is read: what was read is still to be written. */
  readonly isLate: () => boolean
}

export interface RestoringBackends {
  /** With a limit, because an ADD waits. */
  readonly backend: Backend
  /** With the limit of a whole call, for what must not be left half done. */
  readonly patientBackend: Backend
}

export interface Restored {
  readonly restored: number
  /** Attachments whose cache entries were not read any more. */
  readonly left: number
}

/**
 * After an ADD that found the table gone: the rules of its network's other pods, by the config that it was called
 * with, in one transaction. Sync does this for all networks; but a node may have none running, and its pods should not
 * wait for it.
 */
export async function restoreNetwork(
  { backend, patientBackend }: RestoringBackends,
  { cacheDir, added, isLate }: Restoration,
): Promise<Restored> {
  const { containerID, ifname, network } = added.attachment
  const cache = readNodeCache([cacheDir], { network, isLate })
  // One that has rules elsewhere stays there: to move it is for sync, which has the time.
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

/** What came for the added pod is no other's. */
function deciderForOthers({ config, settings }: AddedPod): Decide {
  const { runtimeConfig: _, args: __, ...plugin } = config
  const { podCIDRs: ___, ...common } = settings.config
  return deciderOf(plugin, { ...settings, config: common })
}

/**
 * A tool that was killed at its deadline may have written the rules before, and then nobody has looked for DELs that came
 * meanwhile. A rule of a dead pod must not stay, so this takes the time that it needs.
 */
async function removeGone(backend: Backend, wanted: readonly Wanted[]): Promise<void> {
  const gone = await backend.gone()
  for (const { attachment, addresses } of wanted) {
    if (gone.has(attachmentId(attachment))) await backend.remove(attachment, addresses)
  }
}
