import type { CommandRow } from '../table/command'
import { helpTextOf } from '../table/help-text'
import type { Completion } from '../table/kinds'
import { sign } from './signature'

/** Completion for fish: a file for vendor_completions.d, or to be sourced. */
export function fishCompletion(rows: readonly CommandRow[]): string {
  return sign('#', [
    '# fish completion for ip-masq',
    'function __ip_masq_command',
    '    set -l words (commandline -opc)',
    '    test "$words[2]" = "$argv[1]"',
    'end',
    'complete -c ip-masq -f',
    "complete -c ip-masq -n '__ip_masq_command \"\"' -s h -l help -d 'print the overview'",
    "complete -c ip-masq -n '__ip_masq_command \"\"' -l version -d 'print the version'",
    ...rows.map(({ name, summary }) => line('""', `-a ${name} -d ${quote(summary)}`)),
    ...rows.flatMap((row) => commandLines(row, rows)),
  ])
}

function commandLines(row: CommandRow, rows: readonly CommandRow[]): readonly string[] {
  const names = rows.map(({ name }) => name)
  return [
    line(row.name, "-s h -l help -d 'print its help'"),
    ...Object.values(row.options).map((option) => {
      const { flag, kind } = option
      const value = kind === undefined ? '' : ` -r ${complete(kind.complete, names)}`
      return line(row.name, `-l ${flag.slice(2)} -d ${quote(helpTextOf(option))}${value}`)
    }),
    ...Object.values(row.positionals).map(({ kind }) => line(row.name, complete(kind.complete, names))),
  ]
}

/** The completions after a command, or before one. */
function line(command: string, what: string): string {
  return `complete -c ip-masq -n '__ip_masq_command ${command}' ${what}`
}

function complete(completion: Completion, names: readonly string[]): string {
  if (completion === 'directory') return "-f -a '(__fish_complete_directories (commandline -ct))'"
  if (completion === 'file') return '-F'
  if (completion === 'nothing') return '-f'
  return `-f -a ${quote((completion === 'command' ? names : completion).join(' '))}`
}

function quote(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`
}
