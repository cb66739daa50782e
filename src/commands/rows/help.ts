import type { CommandRow, Parsed } from '../table/command'
import { type Kind, TEXT } from '../table/kinds'
import { WRONG_COMMAND_LINE } from './common'

const COMMAND: Kind<string | undefined> = { ...TEXT, complete: 'command' }

export const HELP = {
  name: 'help',
  summary: 'explain a command, as COMMAND --help does',
  about: [],
  positionals: {
    command: { value: 'COMMAND', optional: true, kind: COMMAND, help: 'the command; none: the overview' },
  },
  wanted: 'name one command',
  options: {},
  examples: [
    { command: 'ip-masq help sync', about: 'All options of sync, and what its exit statuses mean.' },
  ],
  statuses: [[0, 'The text is on stdout.'], WRONG_COMMAND_LINE],
} as const satisfies CommandRow

export type HelpOptions = Parsed<typeof HELP>
