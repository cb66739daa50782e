import type { CommandRow, OptionRow } from './command'
import { usageOf } from './parse'

/** A part of a command's help; the one without a heading comes first. */
export interface HelpPart {
  readonly heading: string | undefined
  /** Lines with their ends. */
  readonly text: string
}

/** Narrow terminals have this many columns. */
const WIDTH = 80
/** Where explanations begin; a name that reaches so far has a line of its own. */
const COLUMN = 26

/** What `ip-masq COMMAND --help` prints. */
export function helpOf(row: CommandRow): readonly HelpPart[] {
  const positionals = Object.values(row.positionals).map(({ value, help }) => [value, help] as const)
  const options = Object.values(row.options).map((option) => [nameOf(option), describe(option)] as const)
  return [
    {
      heading: undefined,
      text: `${wrap(`ip-masq ${row.name}: ${row.summary}`, 0)}

`,
    },
    {
      heading: 'Usage:',
      text: `  ${['ip-masq', row.name, usageOf(row)].join(' ').trimEnd()}

`,
    },
    ...row.about.map((paragraph) => ({
      heading: undefined,
      text: `${wrap(paragraph, 0)}

`,
    })),
    ...(positionals.length > 0
      ? [
          {
            heading: 'Arguments:',
            text: `${list(positionals)}
`,
          },
        ]
      : []),
    {
      heading: 'Options:',
      text: `${list([...options, ['-h, --help', 'print this text']])}
`,
    },
    {
      heading: 'Exit status:',
      text: `${statuses(row)}
`,
    },
    { heading: row.examples.length > 1 ? 'Examples:' : 'Example:', text: examples(row) },
  ]
}

/** `--conf-dir DIR`. */
export function nameOf(option: OptionRow): string {
  return option.kind === undefined ? option.flag : `${option.flag} ${option.value}`
}

/** What help says of an option, with all that follows from its row. */
export function describe(option: OptionRow): string {
  if (option.kind === undefined) return option.help
  const { default: otherwise, environment, repeated } = option
  const shown = typeof otherwise === 'object' ? otherwise.shown : otherwise
  return [
    option.help,
    ...(repeated ? ['; may be given several times'] : []),
    ...(shown === undefined ? [] : [` (default: ${shown})`]),
    ...(environment === undefined ? [] : [` (default: what ${environment} in the environment says)`]),
  ].join('')
}

function list(rows: readonly (readonly [name: string, text: string])[]): string {
  return rows
    .map(([name, text]) => {
      const start = `  ${name}`
      const lines = wrap(text, COLUMN)
      return start.length + 2 > COLUMN ? `${start}\n${lines}\n` : `${start}${lines.slice(start.length)}\n`
    })
    .join('')
}

function statuses({ statuses }: CommandRow): string {
  return statuses.map(([status, text]) => `  ${status}  ${wrap(text, 5).trimStart()}\n`).join('')
}

function examples({ examples }: CommandRow): string {
  return examples.map(({ command, about }) => `  ${command}\n${wrap(about, 6)}\n`).join('')
}

/** Lines of at most `WIDTH`, each after so many blanks; a word is never broken. */
function wrap(text: string, indent: number): string {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line].map((one) => ' '.repeat(indent) + one).join('\n')
}
