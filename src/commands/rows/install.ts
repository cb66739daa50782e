import { SUPPORTED_VERSIONS } from '../../cni/version'
import { MODES } from '../../install/mode'
import type { CommandRow, Parsed } from '../table/command'
import { ABSOLUTE_DIRECTORY, DURATION, FILE, oneOf, TEXT } from '../table/kinds'
import {
  CACHE_DIR,
  CONF_DIR,
  HEALTH_PORT,
  KEEP_PRIMARY_RULES,
  LOG_FORMAT,
  METRICS_ADDRESS,
  PROFILE,
  profileOf,
  ROOT,
  WRONG_COMMAND_LINE,
} from './common'

export const INSTALL = {
  name: 'install',
  summary: 'put this executable in its place, and ip-masq into the network',
  about: [
    'Copies the executable first, and only then adds ip-masq to the conflist that the runtime would take, or adds a drop-in. It may be run again at any time, and prints what you still have to do by hand.',
  ],
  positionals: {},
  options: {
    profile: {
      ...PROFILE,
      help: 'use the directories of this distribution',
    },
    binDir: {
      flag: '--bin-dir',
      value: 'DIR',
      kind: ABSOLUTE_DIRECTORY,
      default: { shown: "the profile's", from: (textOf) => profileOf(textOf).binDir },
      help: 'where the executables of plugins are',
    },
    confDir: {
      ...CONF_DIR,
      kind: ABSOLUTE_DIRECTORY,
      default: { ...CONF_DIR.default, shown: "the profile's" },
    },
    network: {
      flag: '--network',
      value: 'NAME',
      kind: TEXT,
      help: 'the network to join (default: the first by file name, as the runtime takes it)',
    },
    mode: {
      flag: '--mode',
      value: 'MODE',
      kind: oneOf(MODES),
      default: 'auto',
      help: 'patch edits the conflist, drop-in adds a file that containerd 2.1 and later reads, and auto chooses',
    },
    configFile: {
      flag: '--config',
      value: 'FILE',
      kind: FILE,
      help: 'the keys of ip-masq, as a JSON object (default: no keys)',
    },
    disablePrimaryMasq: {
      flag: '--disable-primary-masq',
      help: "switch bridge's, ptp's or flannel's own masquerade off",
    },
    cniVersion: {
      flag: '--set-cni-version',
      value: 'VERSION',
      kind: oneOf(SUPPORTED_VERSIONS),
      help: 'write this version into the conflist if it has none that ip-masq speaks',
    },
    force: {
      flag: '--force',
      help: 'install even if the primary plugin masquerades by itself (docs/neighbours.md)',
    },
    waitSeconds: {
      flag: '--wait',
      value: 'TIME',
      kind: DURATION,
      help: "wait up to this time for the primary plugin's conflist (default: do not wait)",
    },
    watch: {
      flag: '--watch',
      help: 'stay, and install again when the primary plugin writes its conflist again, or the file of --config changes',
    },
    sync: { flag: '--sync', help: 'stay, and do what ip-masq sync --watch does' },
    prune: {
      flag: '--prune',
      onlyWith: ['--sync'],
      help: 'also remove the rules of pods that are proven gone',
    },
    keepPrimaryRules: { ...KEEP_PRIMARY_RULES, onlyWith: ['--sync'] },
    cacheDirs: { ...CACHE_DIR, onlyWith: ['--sync'] },
    healthPort: {
      ...HEALTH_PORT,
      onlyWith: ['--watch', '--sync'],
      help: 'answer /livez, /readyz and /metrics at this port of 127.0.0.1',
    },
    metricsAddress: { ...METRICS_ADDRESS, onlyWith: ['--watch', '--sync'] },
    logFormat: { ...LOG_FORMAT, onlyWith: ['--watch', '--sync'] },
    docs: {
      flag: '--docs',
      help: 'also write the man page, and completions for bash, zsh and fish, below /usr/local/share',
    },
    root: ROOT,
  },
  examples: [
    {
      command: 'ip-masq install --config my.json --disable-primary-masq',
      about: "Install with the keys in my.json, and switch the primary plugin's masquerade off.",
    },
    { command: 'ip-masq install --profile k3s', about: 'Install into the directories of k3s.' },
    { command: 'ip-masq install --docs', about: 'Install, with the man page and completions.' },
  ],
  statuses: [
    [0, 'It is installed, or a signal has ended --watch or --sync.'],
    [1, 'It could not be installed, or a file of --docs could not be written.'],
    WRONG_COMMAND_LINE,
  ],
} as const satisfies CommandRow

export type InstallCommandOptions = Parsed<typeof INSTALL>
