import type { Backend } from '../backend/backend'
import type { Attachment } from '../cni/attachment'
import type { JsonObject } from '../cni/json'
import { readResultCache } from '../cni/result-cache'
import { netnsTest } from './netns'
import { policyMaker } from './policy-maker'
import { wantedOf } from './wanted-of'

export interface Restoration {
  readonly cacheDir: string
  /** The attachment that the ADD was for: what the cache still says of it is old. */
  readonly added: Attachment
  /** The config that the ADD was called with. */
  readonly config: JsonObject
  readonly isLate: () => boolean
}

/**
 * After an ADD that found the table gone: the rules of its network's other pods, by the config that it was called
 * with. Sync does this for all networks; but a node may have none running, and its pods should not wait for it.
 * Returns how many attachments got rules back.
 */
export async function restoreNetwork(
  backend: Backend,
  { cacheDir, added, config, isLate }: Restoration,
): Promise<number> {
  const cache = readResultCache([cacheDir], { network: added.network, isLate, isGone: netnsTest() })
  // What came for the added pod is no other's.
  const { runtimeConfig: _, args: __, ...plugin } = config
  // One that has rules elsewhere stays there: to move it is for sync, which has the time.
  const restored = { policyFor: await policyMaker(plugin), isFallback: true }
  const { wanted } = await wantedOf(cache, async ({ attachment }) => {
    const isOwn = attachment.containerID === added.containerID && attachment.ifname === added.ifname
    const isOther = attachment.network === added.network && !isOwn
    return isOther && !isLate() ? restored : undefined
  })
  if (wanted.length === 0 || isLate()) return 0
  return (await backend.replace(wanted, { dryRun: false })).changes.length
}
