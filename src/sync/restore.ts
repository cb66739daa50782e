import type { Backend, Wanted } from '../backend/backend'
import { attachmentId } from '../backend/identity'
import type { Attachment } from '../cni/attachment'
import type { JsonObject } from '../cni/json'
import { readNodeCache } from './node-cache'
import { policyMaker } from './policy-maker'
import { wantedOf } from './wanted-of'

export interface Restoration {
  readonly cacheDir: string
  /** The attachment that the ADD was for: what the cache still says of it is old. */
  readonly added: Attachment
  /** The config that the ADD was called with. */
  readonly config: JsonObject
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
  { cacheDir, added, config, isLate }: Restoration,
): Promise<Restored> {
  const cache = readNodeCache([cacheDir], { network: added.network, isLate })
  // What came for the added pod is no other's.
  const { runtimeConfig: _, args: __, ...plugin } = config
  // One that has rules elsewhere stays there: to move it is for sync, which has the time.
  const restored = { policyFor: await policyMaker(plugin), isFallback: true }
  const { wanted } = await wantedOf(cache, async ({ attachment }) => {
    const isOwn = attachment.containerID === added.containerID && attachment.ifname === added.ifname
    return attachment.network === added.network && !isOwn ? restored : undefined
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
