import type { Listed } from '../backend/backend'
import { isNetnsGone } from '../sync/netns'
import { goneTest, requireCache, staleTest } from '../sync/stale'
import { afterKernel } from '../sync/sync'
import { parseOptions } from './options'
import { gcJson, renderGc } from './report'
import { requireRoot } from './root'
import type { World } from './world'

/** `ip-masq gc`: for runtimes that never send the verb (containerd). It knows --conf-dir as sync does, and needs it not. */
export async function gcCommand(args: readonly string[], world: World): Promise<number> {
  const options = parseOptions('gc', args, ['conf-dir', 'cache-dir', 'dry-run', 'json', 'grace', 'root'])
  requireRoot('gc', world)
  if (options.root !== undefined) world.enterHostRoot(options.root)
  const isGarbage = afterKernel<Listed>(() => {
    const cache = requireCache(options.cacheDir)
    const times = { graceSeconds: options.graceSeconds, epochSeconds: world.epochSeconds() }
    const [isStale, isGone] = [staleTest(cache, times), goneTest(cache, isNetnsGone)]
    return (listed) => isStale(listed) || isGone(listed)
  })
  const pruned = await world.backend().prune(isGarbage, options)
  await world.write(options.json ? `${JSON.stringify(gcJson(pruned))}\n` : renderGc(pruned, options))
  return pruned.failures.length === 0 ? 0 : 1
}
