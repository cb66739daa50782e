import type { CommandRow, Parsed } from '../table/command'
import { FILE } from '../table/kinds'
import { WRONG_COMMAND_LINE } from './common'

export const CONVERT = {
  name: 'convert',
  summary: 'turn a config of ip-masq-agent or of a Windows node into one of ip-masq',
  about: [
    "Reads a config file or a manifest of ip-masq-agent, or the CNI config of a Windows node. Prints ip-masq's part of a conflist, as JSON, and names on stderr what has no counterpart.",
  ],
  positionals: {
    file: {
      value: 'FILE',
      optional: true,
      kind: FILE,
      help: 'the config to convert (default: stdin, as with "-")',
    },
  },
  wanted: 'name one file, or none for stdin',
  options: {},
  examples: [
    {
      command: 'kubectl -n kube-system get configmap ip-masq-agent -o yaml | ip-masq convert',
      about: "The plugin's config for a cluster that runs ip-masq-agent.",
    },
  ],
  statuses: [
    [0, 'The config is on stdout.'],
    [1, 'The input could not be read or converted.'],
    WRONG_COMMAND_LINE,
  ],
} as const satisfies CommandRow

export type ConvertOptions = Parsed<typeof CONVERT>
