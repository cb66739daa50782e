import type { CommandRow, Parsed } from '../table/command'
import { ADDRESS } from '../table/kinds'
import { CACHE_DIR, CONF_DIR, DRY_RUN, GRACE, JSON_OUTPUT, PROFILE, ROOT, WRONG_COMMAND_LINE } from './common'

export const GC = {
  name: 'gc',
  summary: 'remove the rules of pods that are proven gone, and policies that no pod has',
  about: [
    'For runtimes that never send GC (containerd). If no result cache knows a pod, that alone does not prove that it is gone: rules that cannot be judged are kept, with the reason.',
  ],
  positionals: {},
  options: {
    dryRun: DRY_RUN,
    addresses: {
      flag: '--address',
      value: 'ADDRESS',
      kind: ADDRESS,
      repeated: true,
      help: 'remove only the rules of the pod with this address, which you know to be gone though nothing here proves it',
    },
    graceSeconds: GRACE,
    json: JSON_OUTPUT,
    cacheDirs: CACHE_DIR,
    confDir: { ...CONF_DIR, help: 'ignored, because gc reads no conflist; sync has it too' },
    profile: { ...PROFILE, help: 'ignored, like --conf-dir' },
    root: ROOT,
  },
  examples: [
    { command: 'ip-masq gc --dry-run', about: 'Which rules would be removed, and which are kept, and why.' },
    {
      command: 'ip-masq gc --address 10.244.1.7',
      about: 'Remove the rules of a pod that you know to be gone.',
    },
  ],
  statuses: [
    [0, 'No rules of dead pods are left.'],
    [1, 'Something failed or could not be judged, or --dry-run would remove something.'],
    WRONG_COMMAND_LINE,
  ],
} as const satisfies CommandRow

export type GcOptions = Parsed<typeof GC>
