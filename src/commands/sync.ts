import { now } from '#system/clock'
import { type Sources, takeOver } from '../primary/take-over'
import { isUnproven } from '../sync/prune'
import { type SyncReport, sync } from '../sync/sync'
import { type Health, serveHealth, UNASKED } from './health'
import { enterHostRoot } from './host-root'
import { parseOptions } from './options'
import { renderSync, syncJson } from './report'
import { requireRoot } from './root'
import { watch } from './watch'
import type { World } from './world'

/** How often a watch looks for chains that containers left behind: they do no harm, and it takes 0.2 s on a large node. */
const THOROUGH_MS = 3_600_000

/** `ip-masq sync`: the kernel as the result caches and the conflists ask for it. */
export async function syncCommand(
  args: readonly string[],
  world: World,
  health: Health = UNASKED,
): Promise<number> {
  const options = parseOptions('sync', args, [
    ...(['profile', 'conf-dir', 'cache-dir', 'dry-run', 'json', 'prune', 'grace'] as const),
    ...(['watch', 'interval', 'root', 'health-port', 'keep-primary-rules'] as const),
  ])
  requireRoot('sync')
  if (options.root !== undefined) enterHostRoot(options.root)
  let thoroughDue = 0
  const primary = (sources: Sources) => {
    const isThorough = now() >= thoroughDue
    if (isThorough) thoroughDue = now() + THOROUGH_MS
    const { dryRun, keepPrimaryRules: keep } = options
    return takeOver(world.primaryFirewalls, sources, { dryRun, keep, isThorough })
  }
  const run = async ({ quiet }: { quiet: boolean }) => {
    const pruneAfterSeconds = options.prune ? options.graceSeconds : undefined
    const report = await sync(world.backend(), { ...options, pruneAfterSeconds, takeOver: primary })
    // Before it is told: what is lost afterwards is seen to be lost.
    const standing = options.watch ? await world.backend().standing() : []
    if (!quiet || changesIn(report) + report.errors.length > 0) {
      await world.write(options.json ? `${JSON.stringify(syncJson(report))}\n` : renderSync(report, options))
    }
    return { ...report, standing }
  }
  if (options.watch) {
    const { healthPort } = options
    const asked = healthPort === undefined ? health : serveHealth(healthPort, ['sync'], world)
    return watch(options, { world, health: asked }, run)
  }
  const report = await run({ quiet: false })
  const isDifferent = options.dryRun && changesIn(report) > 0
  const isUncertain = report.isCacheAbsent || report.isUncertain || report.pruned.kept.some(isUnproven)
  return report.errors.length > 0 || isDifferent || isUncertain ? 1 : 0
}

function changesIn({ changes, repairs, pruned, primary }: SyncReport): number {
  const removed = pruned.removed.length + pruned.policies.length + primary.removed.length
  return changes.length + repairs.length + removed
}
