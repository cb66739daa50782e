import type { Listed } from '../backend/backend'
import { readResultCache } from '../cni/result-cache'
import { cachedUse } from '../install/uninstall'
import { isNetnsGone } from '../sync/netns'
import { goneTest, staleTest } from '../sync/stale'
import type { CommandOptions } from './install-options'
import type { Pause } from './pause'
import type { World } from './world'

const LOOK_MS = 1_000

interface Steps {
  readonly say: (lines: readonly string[]) => Promise<void>
  readonly leave: () => Promise<void>
  readonly pause: Pause
}

/** How many attachments need the executable still, after as long a wait as was asked for. */
export async function waitUntilUnused(
  options: CommandOptions,
  world: World,
  { say, leave, pause }: Steps,
): Promise<number> {
  const { timeoutSeconds = 0 } = options
  const end = performance.now() + timeoutSeconds * 1000
  let inUse = await countInUse(options, world)
  if (inUse > 0 && timeoutSeconds > 0)
    await say([`in use: ${inUse}; waiting for ${timeoutSeconds} s at most`])
  while (inUse > 0 && performance.now() < end && !pause.isStopped()) {
    await pause.sleep(Math.min(LOOK_MS, end - performance.now()))
    await leave()
    inUse = await countInUse(options, world)
  }
  return inUse
}

/**
 * Rules of which the runtime knows no more: containerd's DEL runs the plugins of the conflist as it is now, and so none of
 * ours any more; nobody will call the executable for them. Without a cache that is not known of any.
 */
function staleSince(
  cacheDir: string,
  times: { readonly graceSeconds: number; readonly epochSeconds: number },
): (listed: Listed) => boolean {
  const cache = readResultCache(cacheDir)
  if (!cache.exists) return () => false
  const [isStale, isGone] = [staleTest(cache, times), goneTest(cache, isNetnsGone)]
  return (listed) => isStale(listed) || isGone(listed)
}

/**
 * By the kernel's rules and by libcni's cache: each knows some that the other does not. What cannot be read may stand for
 * any; what cannot be asked is an error, unless nothing shall hold us up.
 */
async function countInUse(options: CommandOptions, world: World): Promise<number> {
  const { cacheDir, graceSeconds, force } = options
  try {
    const listed = await world.backend().list()
    const { ids, unreadable } = cachedUse(cacheDir)
    const isStale = staleSince(cacheDir, { graceSeconds, epochSeconds: world.epochSeconds() })
    const used = listed.filter((one) => !isStale(one)).map(({ id }) => id)
    return new Set([...ids, ...used]).size + unreadable.length
  } catch (error) {
    if (force) return 1
    throw error
  }
}
