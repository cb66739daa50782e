import type { CommandRow, Parsed } from '../table/command'
import { oneOf } from '../table/kinds'
import { WRONG_COMMAND_LINE } from './common'

export const COMPLETION = {
  name: 'completion',
  summary: 'print a completion script for bash, zsh or fish',
  about: [
    'The script completes commands, options, and the values of options. It needs no other file. install --docs puts the scripts of all three shells where these look for them.',
  ],
  positionals: {
    shell: { value: 'SHELL', kind: oneOf(['bash', 'zsh', 'fish']), help: 'the shell' },
  },
  wanted: 'name one shell: bash, zsh or fish',
  options: {},
  examples: [
    { command: 'source <(ip-masq completion bash)', about: 'Complete in the bash in which you type this.' },
    {
      command: 'ip-masq completion fish > ~/.config/fish/completions/ip-masq.fish',
      about: 'Complete in every fish that you start.',
    },
  ],
  statuses: [[0, 'The script is on stdout.'], WRONG_COMMAND_LINE],
} as const satisfies CommandRow

export type CompletionOptions = Parsed<typeof COMPLETION>
