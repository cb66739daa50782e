import type { CommandRow, Parsed } from '../table/command'
import { INTERVAL } from '../table/kinds'
import {
  CACHE_DIR,
  CONF_DIR,
  DRY_RUN,
  GRACE,
  HEALTH_PORT,
  JSON_OUTPUT,
  KEEP_PRIMARY_RULES,
  LOG_FORMAT,
  METRICS_ADDRESS,
  PROFILE,
  ROOT,
  WRONG_COMMAND_LINE,
} from './common'

export const SYNC = {
  name: 'sync',
  summary: 'make the rules of all running pods what the conflists ask for now',
  about: [
    'Reads the result caches and the conflists, and gives each attachment in a cache the rules that its conflist asks for. Lost rules come back, and new connections follow a changed list; established ones keep what they have. Also removes the masquerade rules that bridge or ptp left behind.',
  ],
  positionals: {},
  options: {
    dryRun: { ...DRY_RUN, help: 'print what would change, and the script, and change nothing' },
    prune: { flag: '--prune', help: 'also remove the rules of pods that are proven gone' },
    graceSeconds: { ...GRACE, onlyWith: ['--prune'] },
    keepPrimaryRules: KEEP_PRIMARY_RULES,
    watch: {
      flag: '--watch',
      help: 'stay, and sync again when a conflist or a file that it names changes, or the rules are lost',
    },
    intervalSeconds: {
      flag: '--interval',
      value: 'TIME',
      kind: INTERVAL,
      default: '60s',
      onlyWith: ['--watch'],
      help: 'sync at least this often',
    },
    healthPort: {
      ...HEALTH_PORT,
      help: 'answer /livez, /readyz and /metrics at this port of 127.0.0.1',
    },
    metricsAddress: METRICS_ADDRESS,
    logFormat: LOG_FORMAT,
    json: JSON_OUTPUT,
    confDir: CONF_DIR,
    profile: PROFILE,
    cacheDirs: CACHE_DIR,
    root: ROOT,
  },
  examples: [
    {
      command: 'ip-masq sync --dry-run',
      about: 'What a sync would change on this node, and with which script.',
    },
    {
      command: 'ip-masq sync --watch --prune',
      about: 'Keep the rules right, and remove those of dead pods.',
    },
  ],
  statuses: [
    [0, 'The rules are what the conflists ask for, or a signal has ended --watch.'],
    [1, 'Something failed or could not be judged, or --dry-run would change something.'],
    WRONG_COMMAND_LINE,
  ],
} as const satisfies CommandRow

export type SyncOptions = Parsed<typeof SYNC>
