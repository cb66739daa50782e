/** A command line as flags, their values and positionals, by the rules of Node's `util.parseArgs` in its strict mode. */

export interface FlagOption {
  readonly type: 'string' | 'boolean'
  /** The letter after a single dash. Only switches have one. */
  readonly short?: string
}

/** The options by their names without dashes. */
export type FlagOptions = Readonly<Record<string, FlagOption>>

export interface Arguments {
  /**
   * The flags that were given, by their names without dashes, with the texts that were given for each, in order. A
   * switch has none.
   */
  readonly given: ReadonlyMap<string, readonly string[]>
  readonly positionals: readonly string[]
}

export class UnknownOptionError extends Error {
  constructor(readonly option: string) {
    super(`there is no option ${option}`)
  }
}

/** Throws an Error with the reason, worded to follow a colon. */
export function parseArguments(
  args: readonly string[],
  options: FlagOptions,
  takesPositionals: boolean,
): Arguments {
  const given = new Map<string, readonly string[]>()
  const positionals: string[] = []
  const rest = [...args]
  const add = (positional: string) => {
    if (!takesPositionals) throw unexpected(positional)
    positionals.push(positional)
  }
  const set = (name: string, inline: string | undefined) => {
    const option = Object.hasOwn(options, name) ? options[name] : undefined
    if (!option) throw new UnknownOptionError(`--${name}`)
    const before = given.get(name) ?? []
    given.set(name, [...before, ...readValue(name, option, inline ?? (() => rest.shift()))])
  }
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--') {
      rest.splice(0).forEach(add)
    } else if (arg.startsWith('--')) {
      const end = arg.includes('=', 3) ? arg.indexOf('=') : arg.length
      set(arg.slice(2, end), end < arg.length ? arg.slice(end + 1) : undefined)
    } else if (arg.length > 2 && arg.startsWith('-')) {
      rest.unshift(...[...arg.slice(1)].map((letter) => `-${letter}`))
    } else if (arg.length > 1 && arg.startsWith('-')) {
      set(longName(arg.slice(1), options), undefined)
    } else {
      add(arg)
    }
  }
  return { given, positionals }
}

function longName(letter: string, options: FlagOptions): string {
  const [name] = Object.entries(options).find(([, { short }]) => short === letter) ?? []
  if (name === undefined) throw new UnknownOptionError(`-${letter}`)
  return name
}

/** `given` is the text after "=", or a function that takes the next argument. */
function readValue(
  name: string,
  { type, short }: FlagOption,
  given: string | (() => string | undefined),
): readonly string[] {
  const shown = short === undefined ? `--${name}` : `-${short} (--${name})`
  if (type === 'boolean') {
    if (typeof given === 'string') throw new Error(`${shown} takes no value`)
    return []
  }
  if (typeof given === 'string') return [given]
  const next = given()
  if (next === undefined) throw new Error(`${shown} needs a value`)
  if (next.length > 1 && next.startsWith('-'))
    throw new Error(
      `${shown} needs a value, and ${JSON.stringify(next)} looks like an option; write ${shown}=VALUE`,
    )
  return [next]
}

function unexpected(arg: string): Error {
  return new Error(`it takes options only, and ${JSON.stringify(arg)} is none`)
}
