import type { CommandRow, Parsed } from '../table/command'
import { FILE } from '../table/kinds'
import { CACHE_DIR, CONF_DIR, PROFILE, ROOT, WRONG_COMMAND_LINE } from './common'

export const METRICS = {
  name: 'metrics',
  summary: 'print what the kernel has, and what differs, as metrics for Prometheus',
  about: [
    'Counts attachments, policies and ranges in every place, and compares the rules with what the conflists and the result caches ask for, as ip-masq sync --dry-run does. Nothing is changed. Where a conflist has a logFile, the calls in it are counted too. A watch with --health-port or --metrics-address serves the same at /metrics, with counters of its own.',
  ],
  positionals: {},
  options: {
    outFile: {
      flag: '--out',
      value: 'FILE',
      kind: FILE,
      help: "write FILE instead of stdout, whole or not at all: for the textfile collector of Prometheus' node exporter",
    },
    confDir: CONF_DIR,
    profile: PROFILE,
    cacheDirs: CACHE_DIR,
    root: ROOT,
  },
  examples: [
    { command: 'ip-masq metrics', about: 'Print the metrics of this node.' },
    {
      command: 'ip-masq metrics --out /var/lib/prometheus/node-exporter/ip-masq.prom',
      about: "Where Debian's node exporter reads it; conf/systemd has a timer.",
    },
  ],
  statuses: [
    [0, 'The metrics are complete, whatever they say.'],
    [
      1,
      'Something could not be looked at, or is wrong in a way that no sync mends. The metrics are there without it, and stderr says why.',
    ],
    WRONG_COMMAND_LINE,
  ],
} as const satisfies CommandRow

export type MetricsOptions = Parsed<typeof METRICS>
