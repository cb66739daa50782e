/** A command line as flags and their values, by the rules of Node's `util.parseArgs` in its strict mode, without positionals. */

export interface FlagOption {
  readonly type: 'string' | 'boolean'
  /** May be given several times; its value is a list. Otherwise the last one counts. */
  readonly multiple?: boolean
  readonly default?: string | boolean
}

export type FlagOptions = Readonly<Record<string, FlagOption>>

/** The values of the flags that are given, or have a default. Throws with the reason, fit to follow a colon. */
export function parseArguments(args: readonly string[], options: FlagOptions): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  const rest = [...args]
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') {
      const [next] = rest
      if (next !== undefined) throw unexpected(next)
      break
    }
    if (!arg.startsWith('--'))
      throw arg.length > 1 && arg.startsWith('-') ? unknown(arg.slice(0, 2)) : unexpected(arg)
    const end = arg.includes('=', 3) ? arg.indexOf('=') : -1
    const name = end < 0 ? arg.slice(2) : arg.slice(2, end)
    const option = Object.hasOwn(options, name) ? options[name] : undefined
    if (!option) throw unknown(`--${name}`)
    const inline = end < 0 ? undefined : arg.slice(end + 1)
    const value = readValue(name, option, inline === undefined ? () => rest.shift() : inline)
    values[name] = option.multiple ? [...listOf(values[name]), value] : value
  }
  for (const [name, option] of Object.entries(options))
    if (option.default !== undefined && !Object.hasOwn(values, name)) values[name] = option.default
  return values
}

/** `given`: after "=", or what takes the next argument. */
function readValue(
  name: string,
  { type }: FlagOption,
  given: string | (() => string | undefined),
): string | boolean {
  if (type === 'boolean') {
    if (typeof given === 'string') throw new Error(`Option '--${name}' does not take an argument`)
    return true
  }
  if (typeof given === 'string') return given
  const next = given()
  if (next === undefined) throw new Error(`Option '--${name} <value>' argument missing`)
  if (next.length > 1 && next.startsWith('-')) throw new Error(`Option '--${name}' argument is ambiguous.`)
  return next
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function unknown(option: string): Error {
  return new Error(`Unknown option '${option}'`)
}

function unexpected(arg: string): Error {
  return new Error(`Unexpected argument '${arg}'. This command does not take positional arguments`)
}
