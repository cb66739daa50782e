import { now } from '#system/clock'
import { type NodeState, takeOver } from '../primary/take-over'
import { isUnproven } from '../sync/prune'
import { type SyncReport, sync } from '../sync/sync'
import { type Health, serveHealth } from './health'
import { enterHostRoot } from './host-root'
import { jsonWorld, renderJsonLines } from './json-log'
import { renderSync, syncLines } from './report'
import { syncJson } from './report-json'
import { requireRoot } from './root'
import type { SyncOptions } from './rows/sync'
import { watch } from './watch'
import { watchMetrics } from './watch-metrics'
import type { World } from './world'

/**
 * How often a watch looks for chains that containers left behind. They do no harm, and a look takes 0.2 s on a large
 * node.
 */
const THOROUGH_MS = 3_600_000

/** `ip-masq sync` makes the kernel's rules what the result caches and the conflists ask for. */
export async function syncCommand(options: SyncOptions, world: World): Promise<number> {
  requireRoot('sync')
  if (options.root !== undefined) enterHostRoot(options.root)
  if (options.watch) {
    const notes = notesOf(options, world)
    const metrics = watchMetrics(options.confDir, notes)
    return watchSync(options, world, serveHealth(options, { loops: ['sync'], metrics }, notes))
  }
  const report = await turnsOf(options, world)({ quiet: false })
  const isDifferent = options.dryRun && changesIn(report) > 0
  const isUncertain = report.isCacheAbsent || report.isUncertain || report.pruned.kept.some(isUnproven)
  return report.errors.length > 0 || isDifferent || isUncertain ? 1 : 0
}

/** Stays, and syncs again and again. `ip-masq install --sync` does it too. */
export function watchSync(options: SyncOptions, world: World, health: Health): Promise<number> {
  return watch(
    options,
    { world: notesOf(options, world), health },
    turnsOf({ ...options, watch: true }, world),
  )
}

/** Writes messages of a watch that are no report. */
export function notesOf({ logFormat }: Pick<SyncOptions, 'logFormat'>, world: World): World {
  return logFormat === 'json' ? jsonWorld(world) : world
}

/** Runs a sync and prints what it did. With `quiet`, it prints only if there is something to say. */
function turnsOf(options: SyncOptions, world: World) {
  const { dryRun, keepPrimaryRules: keep } = options
  let thoroughDue = 0
  const primary = (known: NodeState) => {
    const isThorough = now() >= thoroughDue
    if (isThorough) thoroughDue = now() + THOROUGH_MS
    return takeOver(world.primaryFirewalls, known, { dryRun, keep, isThorough })
  }
  return async ({ quiet }: { quiet: boolean }) => {
    const pruneAfterSeconds = options.prune ? options.graceSeconds : undefined
    const report = await sync(world.backend(), { ...options, pruneAfterSeconds, takeOver: primary })
    // Read before the report is written, so that a loss in between is noticed.
    const hookedTables = options.watch ? await world.backend().hookedTables() : []
    if (!quiet || changesIn(report) + report.errors.length > 0) {
      await world.write(render(report, options))
    }
    return { ...report, hookedTables }
  }
}

function render(report: SyncReport, options: SyncOptions): string {
  if (options.json) return `${JSON.stringify(syncJson(report))}\n`
  const isLog = options.watch && options.logFormat === 'json'
  return isLog ? renderJsonLines(syncLines(report, options)) : renderSync(report, options)
}

function changesIn({ changes, repairs, pruned, primary }: SyncReport): number {
  const removed = pruned.removed.length + pruned.policies.length + primary.removed.length
  return changes.length + repairs.length + removed
}
