import type { CommandRow, Parsed } from '../table/command'
import { DURATION } from '../table/kinds'
import { CACHE_DIR, GRACE, HEALTH_PORT, ROOT, WRONG_COMMAND_LINE } from './common'
import { INSTALL } from './install'

export const UNINSTALL = {
  name: 'uninstall',
  summary: 'take ip-masq out of all conflists, then remove the executable if nothing uses it any more',
  about: [
    'Takes ip-masq out of the conflists first, and keeps the executable until no attachment needs it for its DEL. At no time does a conflist name an executable that is gone. Files that install --docs wrote go with the executable, unless somebody has changed them.',
  ],
  positionals: {},
  options: {
    profile: INSTALL.options.profile,
    binDir: INSTALL.options.binDir,
    confDir: INSTALL.options.confDir,
    cacheDirs: CACHE_DIR,
    timeoutSeconds: {
      flag: '--timeout',
      value: 'TIME',
      kind: DURATION,
      help: 'wait up to this time for the attachments that use it (default: do not wait)',
    },
    graceSeconds: {
      ...GRACE,
      // An ADD in flight is not in the cache yet; runtimes give it 2 minutes.
      default: '2m',
      help: 'rules that no runtime knows of, and that are older than this, do not count as a use',
    },
    force: { flag: '--force', help: 'remove the executable and the rules although attachments use them' },
    restorePrimaryMasq: {
      flag: '--restore-primary-masq',
      help: 'switch on again what install --disable-primary-masq switched off, and only that',
    },
    watch: { flag: '--watch', help: 'stay, and try until nothing uses it' },
    healthPort: HEALTH_PORT,
    root: ROOT,
  },
  examples: [
    {
      command: 'ip-masq uninstall --restore-primary-masq --timeout 10m',
      about: 'Give the primary plugin its masquerade back, and wait for the pods that use ip-masq.',
    },
  ],
  statuses: [
    [0, 'It is gone, or a signal has ended --watch.'],
    [
      1,
      'Attachments still use it, --restore-primary-masq could not switch a masquerade on, or a step failed.',
    ],
    WRONG_COMMAND_LINE,
  ],
} as const satisfies CommandRow

export type UninstallOptions = Parsed<typeof UNINSTALL>
