import { CODES } from '../cni/error'
import { type Differences, driftOf, driftSamples } from './drift'
import type { Sample } from './exposition'

/** One sync of a watch. */
export interface Synced {
  readonly durationMs: number
  /** When it ended. */
  readonly epochSeconds: number
  /** Absent if the sync could not find out. */
  readonly found?: Differences
  /** The code of its failure (`CODES`); absent if it succeeded. */
  readonly code?: number
}

export interface WatchCounters {
  synced(sync: Synced): void
  samples(): Sample[]
}

/** The counters of a watch since its start. Every label exists from the beginning, with 0. */
export function watchCounters(): WatchCounters {
  const changes = { restored: 0, changed: 0, removed: 0, repaired: 0 }
  const failures = new Map<number, number>(Object.values(CODES).map((code) => [code, 0]))
  let [count, seconds] = [0, 0]
  let found: Differences | undefined
  let succeededAt: number | undefined
  return {
    synced(sync) {
      count += 1
      seconds += sync.durationMs / 1000
      if (sync.code !== undefined) failures.set(sync.code, (failures.get(sync.code) ?? 0) + 1)
      else succeededAt = sync.epochSeconds
      found = sync.found ?? found
      if (!sync.found) return
      const { missing, altered, stale, shared } = driftOf(sync.found)
      changes.restored += missing
      changes.changed += altered
      changes.removed += stale
      changes.repaired += shared
    },
    samples: () => [
      ...(found ? driftSamples(found) : []),
      ...(succeededAt === undefined ? [] : [lastSuccess(succeededAt)]),
      { metric: 'ip_masq_sync_duration_seconds', part: 'sum', value: seconds },
      { metric: 'ip_masq_sync_duration_seconds', part: 'count', value: count },
      ...labelled('ip_masq_sync_changes_total', 'change', Object.entries(changes)),
      ...labelled('ip_masq_sync_failures_total', 'code', failures),
    ],
  }
}

function lastSuccess(value: number): Sample {
  return { metric: 'ip_masq_last_successful_sync_timestamp_seconds', value }
}

/** A sample for each value of a label. */
function labelled(
  metric: Sample['metric'],
  label: string,
  values: Iterable<readonly [string | number, number]>,
): Sample[] {
  return [...values].map(([name, value]) => ({ metric, labels: { [label]: String(name) }, value }))
}
