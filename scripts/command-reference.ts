import { ROWS } from '../src/commands/rows'
import type { CommandRow } from '../src/commands/table/command'
import { helpOf } from '../src/commands/table/help-text'

const rows: readonly CommandRow[] = Object.values(ROWS)

/** docs/commands.md: all commands in a table, and what each prints for --help. */
export function commandReference(): string {
  const table = rows.map(({ name, summary }) => `| [\`ip-masq ${name}\`](#${name}) | ${summary} |`)
  return [
    ...INTRODUCTION,
    '| command | what it does |',
    '|---|---|',
    ...table,
    ...rows.flatMap((row) => ['', `## ${row.name}`, '', '```', ...helpLines(row), '```']),
    '',
    'Next: [Operations](operations.md).',
    '',
  ].join('\n')
}

const INTRODUCTION = [
  '# Commands',
  '',
  'This page is what `ip-masq COMMAND --help` prints, and is written by `scripts/commands-page`.',
  '',
  'The same is in the manual (`ip-masq help --man | man -l -`). `ip-masq install --docs` installs the manual, and completions for bash,',
  'zsh and fish. In the container of [the DaemonSet](kubernetes.md#is-it-well) commands look at the node without `--root`, because its manifest',
  'sets `IP_MASQ_ROOT`. Headings and the like are bold on a terminal, unless `NO_COLOR` is set.',
  '',
]

function helpLines(row: CommandRow): readonly string[] {
  return helpOf(row).flatMap(({ heading, lines }, at) => [
    ...(at > 0 ? [''] : []),
    ...(heading === undefined ? [] : [heading]),
    ...lines,
  ])
}
