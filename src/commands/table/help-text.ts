import type { CommandRow, OptionRow, Positional } from './command'
import { usageOf } from './parse'

/** A part of a command's help. */
export interface HelpPart {
  readonly heading: string | undefined
  readonly lines: readonly string[]
}

/** Narrow terminals have this many columns. */
export const WIDTH = 80
/** The column where explanations begin. A name that reaches this column has a line of its own. */
const COLUMN = 26

/** The parts of the output of `ip-masq COMMAND --help`. An empty line comes between any two parts. */
export function helpOf(row: CommandRow): readonly HelpPart[] {
  const { name, summary, about, positionals, options, statuses, examples } = row
  const argumentsOf = Object.values(positionals).map((one) => [one.value, describe(one)] as const)
  const flags = Object.values(options).map((option) => [nameOf(option), describe(option)] as const)
  const usage = ['ip-masq', name, usageOf(row)].join(' ').trimEnd()
  return [
    { heading: undefined, lines: wrap(`ip-masq ${name}: ${summary}`, 0) },
    { heading: 'Usage:', lines: [`  ${usage}`] },
    ...about.map((paragraph) => ({ heading: undefined, lines: wrap(paragraph, 0) })),
    ...(argumentsOf.length > 0 ? [{ heading: 'Arguments:', lines: list(argumentsOf, COLUMN) }] : []),
    { heading: 'Options:', lines: list([...flags, ['-h, --help', 'print this text']], COLUMN) },
    ...notesOf(row).map((note) => ({ heading: undefined, lines: wrap(note, 0) })),
    { heading: 'Exit status:', lines: list(statuses, 5) },
    {
      heading: examples.length > 1 ? 'Examples:' : 'Example:',
      lines: examples.flatMap(({ command, about }) => [`  ${command}`, ...wrap(about, 6)]),
    },
  ]
}

/** The form of values that several options take. */
export function notesOf({ options }: CommandRow): readonly string[] {
  const notes = Object.values(options).flatMap(({ kind }) => kind?.note ?? [])
  return [...new Set(notes)]
}

/** `--conf-dir DIR`. */
export function nameOf(option: OptionRow): string {
  return option.kind === undefined ? option.flag : `${option.flag} ${option.value}`
}

/** The explanation of an option or a positional, with everything that follows from its row. */
export function describe(option: OptionRow | Positional): string {
  const help = helpTextOf(option)
  if (option.kind === undefined) return help
  const { complete } = option.kind
  const [otherwise, environment, repeated] =
    'flag' in option ? [option.default, option.environment, option.repeated] : []
  const shown = typeof otherwise === 'object' ? otherwise.shown : otherwise
  const facts = [
    ...(typeof complete === 'object' ? [`one of ${complete.join(', ')}`] : []),
    ...(repeated ? ['may be given several times'] : []),
    ...(shown === undefined ? [] : [`default: ${shown}`]),
    ...(environment === undefined ? [] : [`default: $${environment}`]),
  ]
  return facts.length === 0 ? help : `${help} (${facts.join('; ')})`
}

/** The explanation alone, with the options that it depends on. */
export function helpTextOf(option: OptionRow | Positional): string {
  const others = 'flag' in option ? (option.onlyWith ?? []) : []
  return others.length === 0 ? option.help : `with ${others.join(' or ')}: ${option.help}`
}

type Named = readonly [name: string | number, text: string]

/** Lines with names, and their explanations in a second column. */
function list(rows: readonly Named[], column: number): readonly string[] {
  return rows.flatMap(([name, text]) => {
    const start = `  ${name}`
    const [first = '', ...rest] = wrap(text, column)
    if (start.length + 2 > column) return [start, first, ...rest]
    return [start + first.slice(start.length), ...rest]
  })
}

function wrap(text: string, indent: number): readonly string[] {
  return wrapWords(text, WIDTH - indent).map((line) => ' '.repeat(indent) + line)
}

/** Wraps words into lines of at most this many characters. It breaks no word. */
export function wrapWords(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}
