import type { SyncReport } from '../sync/sync'
import type { Sample } from './exposition'

/** The differences that a sync found. */
export type Differences = Pick<SyncReport, 'changes' | 'repairs' | 'pruned'>

/** How many differences of each kind a sync changed, or would change. */
export function driftOf({ changes, repairs, pruned }: Differences) {
  return {
    /** Attachments without their rules. */
    missing: changes.filter(({ what }) => what === 'restored').length,
    /** Attachments with other rules than they should have. */
    altered: changes.filter(({ what }) => what === 'changed').length,
    /** Attachments that are proven gone and have rules. */
    stale: pruned.removed.length,
    /** Chains, maps and policies that attachments share. */
    shared: repairs.length,
  }
}

export function driftSamples(found: Differences): Sample[] {
  return Object.entries(driftOf(found)).map(([kind, value]) => ({
    metric: 'ip_masq_drift',
    labels: { kind },
    value,
  }))
}
