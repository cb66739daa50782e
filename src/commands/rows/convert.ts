import type { CommandRow, Parsed } from '../table/command'
import { FILE } from '../table/kinds'
import { WRONG_COMMAND_LINE } from './common'

export const CONVERT = {
  name: 'convert',
  summary: 'print our config for that of ip-masq-agent, its manifests, or a Windows node',
  about: ['Prints the part of a conflist that is ours, as JSON. What has no counterpart is named on stderr.'],
  positionals: {
    file: { value: 'FILE', optional: true, kind: FILE, help: 'what to convert; "-" or none: stdin' },
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
