/** A metric as its HELP and TYPE lines describe it. */
export interface MetricFamily {
  readonly type: 'gauge' | 'counter' | 'summary'
  readonly help: string
}

/**
 * Every metric that we export, in the order in which they are printed. The names are stable: dashboards and alerts are made of
 * them. Units are base units, and a counter ends in `_total` (prometheus.io, "Metric and label naming").
 */
export const FAMILIES = {
  ip_masq_build_info: {
    type: 'gauge',
    help: 'Always 1. The label has the version of ip-masq that was asked.',
  },
  ip_masq_attachments: {
    type: 'gauge',
    help: 'Attachments that have rules, by their network and by the place of the rules.',
  },
  ip_masq_policies: { type: 'gauge', help: 'Policies: sets of rules that attachments share.' },
  ip_masq_exempt_ranges: {
    type: 'gauge',
    help: 'Ranges of destination addresses that see the address of the pod, in all policies together. Neighbouring prefixes are one range.',
  },
  ip_masq_unowned_addresses: {
    type: 'gauge',
    help: 'Addresses that have a rule and no owner, so that no DEL removes the rule.',
  },
  ip_masq_unseen_places: {
    type: 'gauge',
    help: 'Places that could not be looked at, so that there may be more than is counted here.',
  },
  ip_masq_drift: {
    type: 'gauge',
    help: 'What the last sync, or this look, found to differ from what the conflists and the result caches ask for. A watch has mended it since.',
  },
  ip_masq_ready: { type: 'gauge', help: 'Whether the last turn of this loop of the watch went well.' },
  ip_masq_last_successful_sync_timestamp_seconds: {
    type: 'gauge',
    help: 'When this watch last made a sync that went well, in seconds since 1970.',
  },
  ip_masq_sync_duration_seconds: {
    type: 'summary',
    help: 'How long the syncs of this watch took, and how many there were.',
  },
  ip_masq_sync_changes_total: {
    type: 'counter',
    help: 'What the syncs of this watch changed: attachments whose lost rules were restored, whose rules were changed or removed, and repairs of what all of them share.',
  },
  ip_masq_sync_failures_total: {
    type: 'counter',
    help: 'Syncs of this watch that failed, by error code. 101: the sync ended, and the rules are not what they should be.',
  },
  ip_masq_cni_call_duration_seconds: {
    type: 'summary',
    help: 'How long the calls of the container runtime took, and how many there were, as the logs of calls (logFile) have them.',
  },
  ip_masq_cni_failures_total: {
    type: 'counter',
    help: 'Calls of the container runtime that failed, by error code, as the logs of calls (logFile) have them.',
  },
} as const satisfies Readonly<Record<`ip_masq_${string}`, MetricFamily>>

export type MetricName = keyof typeof FAMILIES
