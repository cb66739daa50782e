import { type Arguments, type FlagOptions, parseArguments, UnknownOptionError } from './arguments'
import type { CommandRow, OptionRow, Parsed, Positional, ValueOption } from './command'
import { type Kind, UnusableError } from './kinds'
import { suggestion } from './suggestion'
import { UsageError } from './usage-error'

/** The environment of the process (see `ValueOption.environment`). */
type Environment = Readonly<Record<string, string | undefined>>

/** Every command has it. */
const HELP = { type: 'boolean', short: 'h' } as const

/** Returns the values of a command line; undefined if it asks for help. Throws a UsageError. */
export function parseCommand<Row extends CommandRow>(
  row: Row,
  args: readonly string[],
  environment: Environment,
): Parsed<Row> | undefined {
  const parsed = readArguments(row, args)
  return parsed.given.has('help') ? undefined : valuesOf({ row, parsed, environment })
}

/** The values of a command without positionals if nobody gives an option. */
export function defaultsOf<Row extends CommandRow>(row: Row): Parsed<Row> {
  return valuesOf({ row, parsed: { given: new Map(), positionals: [] }, environment: {} })
}

interface Line<Row extends CommandRow = CommandRow> {
  readonly row: Row
  readonly parsed: Arguments
  readonly environment: Environment
}

function valuesOf<Row extends CommandRow>(line: Line<Row>): Parsed<Row> {
  const { row, parsed } = line
  const options = Object.entries(row.options).map(([name, option]) => [name, readOption(option, line)])
  for (const option of Object.values(row.options)) requireEffect(option, line)
  const positionals = readPositionals(row, parsed.positionals)
  // The values were read by the rows, and their types follow from the rows.
  return Object.fromEntries([...options, ...positionals]) as Parsed<Row>
}

function readArguments(row: CommandRow, args: readonly string[]): Arguments {
  const flags = Object.values(row.options).map(({ flag, kind }) => [
    flag.slice(2),
    { type: kind === undefined ? 'boolean' : 'string' },
  ])
  const known: FlagOptions = { help: HELP, ...Object.fromEntries(flags) }
  try {
    return parseArguments(args, known, Object.keys(row.positionals).length > 0)
  } catch (error) {
    const said = error instanceof Error ? error.message : ''
    const near =
      error instanceof UnknownOptionError
        ? suggestion(
            error.option,
            Object.keys(known).map((name) => `--${name}`),
          )
        : undefined
    const help = `see ip-masq ${row.name} --help`
    const advice = near === undefined ? help : `write ${near} if that is meant, or ${help}`
    throw new UsageError(`Cannot run ip-masq ${row.name}: ${said}; ${advice}`)
  }
}

function readOption(option: OptionRow, line: Line): unknown {
  const given = line.parsed.given.get(option.flag.slice(2))
  if (option.kind === undefined) return given !== undefined
  if (given === undefined) {
    const { environment: variable = '' } = option
    const text = line.environment[variable]
    if (text) return read(option.kind, variable, text)
  }
  const text = textOf(option, line)
  if (!option.repeated) return text === undefined ? undefined : read(option.kind, option.flag, text)
  const texts = given ?? (text === undefined ? [] : [text])
  return texts.map((one) => read(option.kind, option.flag, one))
}

/** Refuses an option that would have no effect: whoever typed it believes that it has one. */
function requireEffect({ flag, onlyWith = [] }: OptionRow, { row, parsed: { given } }: Line): void {
  // An empty value counts as none; a switch has no values.
  const isGiven = (name: string) => given.has(name.slice(2)) && given.get(name.slice(2))?.at(-1) !== ''
  if (!isGiven(flag) || onlyWith.length === 0 || onlyWith.some(isGiven)) return
  const others = onlyWith.join(' or ')
  throw new UsageError(
    `Cannot run ip-masq ${row.name}: ${flag} has no effect without ${others}; write ${others} too, or leave ${flag} out; see ip-masq ${row.name} --help`,
  )
}

/** The text that was given last, or the default. */
function textOf(option: ValueOption, line: Line): string | undefined {
  const given = line.parsed.given.get(option.flag.slice(2))?.at(-1)
  const { default: otherwise } = option
  if (given !== undefined) return given
  if (typeof otherwise !== 'object') return otherwise
  return otherwise.from((flag) => {
    const other = Object.values(line.row.options).find((one) => one.flag === flag)
    if (other?.kind === undefined) return undefined
    const text = textOf(other, line)
    if (text !== undefined) read(other.kind, flag, text)
    return text
  })
}

function readPositionals(row: CommandRow, texts: readonly string[]): [string, unknown][] {
  const wanted = Object.entries(row.positionals)
  const least = wanted.filter(([, { optional }]) => !optional).length
  const most = wanted.some(([, { many }]) => many) ? Number.POSITIVE_INFINITY : wanted.length
  if (texts.length < least || texts.length > most) {
    const typed = ['ip-masq', row.name, ...texts].join(' ')
    const advice = row.wanted ?? `write ${usageOf(row)}`
    throw new UsageError(`Cannot run ${typed}: ${advice}; see ip-masq ${row.name} --help`)
  }
  return wanted.map(([name, one], at) => {
    if (one.many) return [name, texts.slice(at).map((text) => read(one.kind, one.value, text))]
    const text = texts[at]
    return [name, text === undefined ? undefined : read(one.kind, one.value, text)]
  })
}

/** `[OPTION]... SOURCE DESTINATION`. */
export function usageOf({ options, positionals }: CommandRow): string {
  const names = Object.values(positionals).map(positionalUsage)
  return [...(Object.keys(options).length > 0 ? ['[OPTION]...'] : []), ...names].join(' ')
}

function positionalUsage({ value, optional, many }: Positional): string {
  return `${optional ? `[${value}]` : value}${many ? '...' : ''}`
}

/** `name` is the option or positional that has the text. */
function read<T>(kind: Kind<T>, name: string, text: string): T {
  try {
    return kind.read(text)
  } catch (error) {
    if (!(error instanceof UnusableError)) throw error
    throw new UsageError(`Cannot use ${name} "${text}": ${error.message}`)
  }
}
