import type { CommandRow, OptionRow, Positional } from '../table/command'
import { helpTextOf } from '../table/help-text'
import type { Completion } from '../table/kinds'
import { sign } from './signature'

/** Completion for zsh: a function for a directory of fpath, or a script to be sourced. */
export function zshCompletion(rows: readonly CommandRow[]): string {
  return sign('#', [
    '#compdef ip-masq',
    '_ip-masq_commands() {',
    '  local -a commands=(',
    ...rows.map(({ name, summary }) => `    ${quote(`${name}:${escapeText(summary)}`)}`),
    '  )',
    '  _describe -t commands command commands',
    '}',
    '_ip-masq() {',
    '  local context state state_descr line ret=1',
    '  typeset -A opt_args',
    "  _arguments -C '(- *)'{-h,--help}'[print the overview]' '(- *)--version[print the version]' '1:command:_ip-masq_commands' '*::argument:->arguments' && ret=0",
    '  [[ $state == arguments ]] || return ret',
    '  case $words[1] in',
    ...rows.flatMap(commandCase),
    '  esac',
    '  return ret',
    '}',
    'if [[ $funcstack[1] == _ip-masq ]]; then _ip-masq "$@"; else compdef _ip-masq ip-masq; fi',
  ])
}

function commandCase(row: CommandRow): readonly string[] {
  const specs = [
    `'(- *)'{-h,--help}'[print its help]'`,
    ...Object.values(row.options).map((option) => quote(optionSpec(option))),
    ...Object.values(row.positionals).map((one) => quote(positionalSpec(one))),
  ]
  return [
    `    ${row.name})`,
    '      _arguments \\',
    ...specs.map((spec) => `        ${spec} \\`),
    '        && ret=0 ;;',
  ]
}

function optionSpec(option: OptionRow): string {
  const help = `[${escapeText(helpTextOf(option))}]`
  if (option.kind === undefined) return option.flag + help
  const { flag, value, kind, repeated } = option
  return `${repeated ? '*' : ''}${flag}=${help}:${escapeText(value)}:${action(kind.complete)}`
}

function positionalSpec({ value, kind, many }: Positional): string {
  return `${many ? '*' : ''}:${escapeText(value)}:${action(kind.complete)}`
}

function action(completion: Completion): string {
  if (completion === 'directory') return '_files -/'
  if (completion === 'file') return '_files'
  if (completion === 'command') return '_ip-masq_commands'
  return completion === 'nothing' ? ' ' : `(${completion.join(' ')})`
}

/** Brackets and colons are separators for _arguments and _describe, so they are escaped. */
function escapeText(text: string): string {
  return text.replaceAll(/[\\[\]:]/g, '\\$&')
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
