import { FORMATS } from '../../validate/formats'
import type { CommandRow, Parsed } from '../table/command'
import { DIRECTORY, type Kind, oneOf, UnusableError } from '../table/kinds'
import { CONF_DIR, JSON_OUTPUT, PROFILE, ROOT } from './common'

const PATH: Kind<string> = {
  read(text) {
    if (text === '') throw new UnusableError('write a file or a directory')
    return text
  },
  complete: 'file',
}

export const VALIDATE = {
  name: 'validate',
  summary: 'find what is wrong with conflists, configs and manifests, before a pod does',
  about: [
    "Judges conflists, drop-ins, ip-masq's part of them, configs of ip-masq-agent, and manifests that have these in them (ConfigMap, NetworkAttachmentDefinition). ip-masq's part is read as an ADD reads it, and every fault is printed, with file, line and column. It also reports what keeps the config from working: primary plugins that masquerade by themselves, a file that the runtime takes first, versions that the runtime does not speak.",
    'It changes nothing and needs no privilege. In a repository, where the files that configs name (configFiles, flannelSubnetFile) are not there, use --offline or --files-root.',
  ],
  positionals: {
    paths: {
      value: 'FILE|DIR',
      optional: true,
      many: true,
      kind: PATH,
      help: 'what to judge; "-": stdin; none: the directory of the conflists. A directory is judged as a runtime reads it',
    },
  },
  options: {
    confDir: CONF_DIR,
    profile: PROFILE,
    offline: {
      flag: '--offline',
      help: 'do not look for the files that configs name, and warn of each instead, because only nodes have them',
    },
    filesRoot: {
      flag: '--files-root',
      value: 'DIR',
      kind: DIRECTORY,
      help: 'look for the files that configs name below this directory: DIR/etc/config/x for /etc/config/x',
    },
    strict: { flag: '--strict', help: 'end with 1 for warnings too' },
    format: {
      flag: '--format',
      value: 'FORMAT',
      kind: oneOf(FORMATS),
      default: 'text',
      help: 'how the problems are written; github makes them annotations in a workflow of GitHub Actions',
    },
    json: JSON_OUTPUT,
    root: ROOT,
  },
  examples: [
    { command: 'ip-masq validate', about: 'Judge the conflists of this node.' },
    {
      command: 'ip-masq validate --offline --strict --format github cni/ manifests/ip-masq.yaml',
      about: 'In a workflow of a repository: mark the lines that are wrong in a pull request.',
    },
  ],
  statuses: [
    [0, 'There are no errors, and with --strict no warnings.'],
    [1, 'There are errors, or with --strict warnings.'],
    [2, 'The command line cannot be used, or something could not be looked at.'],
  ],
} as const satisfies CommandRow

export type ValidateOptions = Parsed<typeof VALIDATE>
