/** A metric as its HELP and TYPE lines describe it. */
export interface MetricFamily {
  readonly type: 'gauge' | 'counter' | 'summary'
  readonly help: string
}

/**
 * Every metric that we export, in the order in which they are printed. The names are stable, because dashboards and
 * alerts use them. Units are base units, and a counter ends in `_total` (prometheus.io, "Metric and label naming").
 */
export const FAMILIES = {
  ip_masq_build_info: {
    type: 'gauge',
    help: 'Always 1. The label has the version of the ip-masq that answers.',
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
    help: 'Places (nftables, iptables) that could not be read. The other metrics may count too little because of them.',
  },
  ip_masq_drift: {
    type: 'gauge',
    help: 'Differences between the rules and what the conflists and the result caches ask for, as the last sync or this command found them. A watch has repaired them since.',
  },
  ip_masq_ready: { type: 'gauge', help: 'Whether the last run of this loop of the watch succeeded: 1 or 0.' },
  ip_masq_last_successful_sync_timestamp_seconds: {
    type: 'gauge',
    help: 'Time of the last sync of this watch that succeeded, in seconds since 1970.',
  },
  ip_masq_sync_duration_seconds: {
    type: 'summary',
    help: 'Duration and number of the syncs of this watch.',
  },
  ip_masq_sync_changes_total: {
    type: 'counter',
    help: 'Changes that the syncs of this watch made: attachments whose lost rules were restored, whose rules were changed or removed, and repairs of what all attachments share.',
  },
  ip_masq_sync_failures_total: {
    type: 'counter',
    help: 'Syncs of this watch that failed, by error code. Code 101 means that the sync ended and the rules are still not what they should be.',
  },
  ip_masq_cni_call_duration_seconds: {
    type: 'summary',
    help: 'Duration and number of the calls of the container runtime, from the logs of calls (logFile).',
  },
  ip_masq_cni_failures_total: {
    type: 'counter',
    help: 'Calls of the container runtime that failed, by error code, from the logs of calls (logFile).',
  },
} as const satisfies Readonly<Record<`ip_masq_${string}`, MetricFamily>>

export type MetricName = keyof typeof FAMILIES
