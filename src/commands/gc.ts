import { isUnproven } from '../sync/kept'
import { readNodeCache } from '../sync/node-cache'
import { pruneGone } from '../sync/prune'
import { parseOptions } from './options'
import { gcJson, renderGc } from './report'
import { requireRoot } from './root'
import type { World } from './world'

/**
 * `ip-masq gc`: for runtimes that never send the verb (containerd). It knows --conf-dir and --profile as sync does, and
 * needs neither.
 */
export async function gcCommand(args: readonly string[], world: World): Promise<number> {
  const options = parseOptions('gc', args, [
    ...(['profile', 'conf-dir', 'cache-dir', 'dry-run', 'json', 'grace', 'root'] as const),
  ])
  requireRoot('gc', world)
  if (options.root !== undefined) world.enterHostRoot(options.root)
  const pruned = await pruneGone(world.backend(), {
    ...options,
    readCache: () => readNodeCache(options.cacheDirs),
    bootSeconds: world.bootSeconds,
  })
  const { doubt } = pruned
  const failures = [...pruned.failures, ...pruned.absent, ...(doubt === undefined ? [] : [doubt])]
  const report = { ...pruned, failures }
  await world.write(options.json ? `${JSON.stringify(gcJson(report))}\n` : renderGc(report, options))
  const isDifferent = options.dryRun && report.removed.length + report.policies.length > 0
  return failures.length > 0 || isDifferent || report.kept.some(isUnproven) ? 1 : 0
}
