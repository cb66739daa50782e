import type { CommandRow, Parsed } from '../table/command'
import { type Kind, TEXT } from '../table/kinds'
import { WRONG_COMMAND_LINE } from './common'

const COMMAND: Kind<string | undefined> = { ...TEXT, complete: 'command' }

export const HELP = {
  name: 'help',
  summary: 'explain a command, as COMMAND --help does',
  about: [],
  positionals: {
    command: {
      value: 'COMMAND',
      optional: true,
      kind: COMMAND,
      help: 'the command (default: the overview of all)',
    },
  },
  wanted: 'name one command',
  options: {
    man: { flag: '--man', help: 'print the manual of all commands, as a page for man' },
  },
  examples: [
    { command: 'ip-masq help sync', about: 'All options of sync, and what its exit statuses mean.' },
    { command: 'ip-masq help --man | man -l -', about: 'Read the manual where it is not installed.' },
  ],
  statuses: [[0, 'The text is on stdout.'], WRONG_COMMAND_LINE],
} as const satisfies CommandRow

export type HelpOptions = Parsed<typeof HELP>
