import type { CommandRow, OptionRow } from '../table/command'
import type { Completion } from '../table/kinds'
import { sign } from './signature'

/** Completion for Bash 4 and later. It does not need the package bash-completion. */
export function bashCompletion(rows: readonly CommandRow[]): string {
  const names = rows.map(({ name }) => name)
  return sign('#', [
    '# bash completion for ip-masq',
    '_ip_masq() {',
    `  local cur=${word('')} prev=${word(' - 1')} command=\${COMP_WORDS[1]}`,
    '  local words=',
    '  COMPREPLY=()',
    '  # Readline cuts --flag=value into three words.',
    '  if [[ $cur == = ]]; then cur=',
    `  elif [[ $prev == = ]]; then prev=${word(' - 2')}`,
    '  fi',
    '  if ((COMP_CWORD == 1)); then',
    `    if [[ $cur == -* ]]; then words='--help --version'; else words='${names.join(' ')}'; fi`,
    '  else',
    '    case "$command $prev" in',
    ...rows.flatMap((row) => Object.values(row.options).flatMap((option) => valueCase(row, option))),
    ...rows.map((row) => `      "${row.name} "*) ${anyWord(row, names)} ;;`),
    '    esac',
    '  fi',
    '  [[ $words ]] && mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")',
    '}',
    'complete -F _ip_masq ip-masq',
  ])
}

/** The word at this distance from the one that is completed. */
function word(distance: string): string {
  return `\${COMP_WORDS[COMP_CWORD${distance}]}`
}

function valueCase({ name }: CommandRow, { flag, kind }: OptionRow): readonly string[] {
  return kind === undefined ? [] : [`      "${name} ${flag}") ${complete(kind.complete, [])} ;;`]
}

/** The words that may come if no value is due. */
function anyWord({ options, positionals }: CommandRow, names: readonly string[]): string {
  const flags = [...Object.values(options).map(({ flag }) => flag), '--help']
  const [first] = Object.values(positionals)
  const otherwise = first === undefined ? '' : `; else ${complete(first.kind.complete, names)}`
  return `if [[ $cur == -* ]]; then words='${flags.join(' ')}'${otherwise}; fi`
}

function complete(completion: Completion, names: readonly string[]): string {
  if (completion === 'directory') return 'compopt -o dirnames'
  if (completion === 'file') return 'compopt -o default'
  if (completion === 'nothing') return ':'
  return `words='${(completion === 'command' ? names : completion).join(' ')}'`
}
