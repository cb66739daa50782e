import { existsSync } from 'node:fs'
import { goneTest, staleTest } from '../sync/stale'
import { requireCache } from '../sync/sync'
import { parseOptions } from './options'
import { gcJson, renderGc } from './report'
import type { World } from './world'

/** `ip-masq gc`: for runtimes that never send the verb (containerd). */
export async function gcCommand(args: readonly string[], world: World): Promise<number> {
  const options = parseOptions('gc', args, ['conf-dir', 'cache-dir', 'dry-run', 'json', 'grace'])
  const backend = world.backend()
  let tests: ((listed: Parameters<ReturnType<typeof staleTest>>[0]) => boolean)[] | undefined
  const pruned = backend.prune((listed) => {
    // Read after the kernel: what was added since then is not in what prune looks at.
    if (!tests) {
      const cache = requireCache(options.cacheDir)
      const times = { graceSeconds: options.graceSeconds, epochSeconds: world.epochSeconds() }
      tests = [staleTest(backend, cache, times), goneTest(backend, cache, existsSync)]
    }
    return tests.some((test) => test(listed))
  }, options)
  await world.write(options.json ? `${JSON.stringify(gcJson(pruned))}\n` : renderGc(pruned, options))
  return pruned.failures.length === 0 ? 0 : 1
}
