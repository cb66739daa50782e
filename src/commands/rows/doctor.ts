import type { CommandRow, Parsed } from '../table/command'
import { CACHE_DIR, CONF_DIR, JSON_OUTPUT, ROOT } from './common'
import { INSTALL } from './install'

export const DOCTOR = {
  name: 'doctor',
  summary: 'look for what is wrong with this node, and say what mends it',
  about: [
    'Looks at the executable, tools, the kernel, forwarding, the conflists and result caches, the rules, and the connections. Each finding says what it is, why it matters and what mends it. It changes nothing, and does not make the kernel load a module.',
    'Levels: ok; note (worth knowing); warning (some pods or destinations may be affected); error (pods are affected, or the next ADD or DEL fails); unseen (it had to be looked at, and could not be).',
  ],
  positionals: {},
  options: {
    profile: INSTALL.options.profile,
    binDir: INSTALL.options.binDir,
    confDir: CONF_DIR,
    cacheDirs: CACHE_DIR,
    json: JSON_OUTPUT,
    root: ROOT,
  },
  examples: [
    { command: 'ip-masq doctor', about: 'All findings, grouped by what they are about.' },
    { command: 'ip-masq doctor --json', about: 'The same as a JSON object, for the tools of a fleet.' },
  ],
  statuses: [
    [0, 'Nothing is wrong: every finding is ok or a note.'],
    [1, 'There are warnings or errors.'],
    [2, 'Something could not be looked at, or the command line cannot be used.'],
  ],
} as const satisfies CommandRow

export type DoctorOptions = Parsed<typeof DOCTOR>
