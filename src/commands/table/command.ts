import type { Kind } from './kinds'

/**
 * A command as data. The parsing of the command line, `--help`, the completion of shells and the man page are made from
 * it. docs/architecture.md says how to add one.
 */
export interface CommandRow {
  readonly name: string
  /** What it does, in one line that begins with a verb in lower case and has no period. */
  readonly summary: string
  /** Paragraphs for `--help` and the man page. */
  readonly about: readonly string[]
  /** The positionals in their order, by the name of the parsed value. Only the last one may be optional or many. */
  readonly positionals: Readonly<Record<string, Positional>>
  /** The advice if there are too few or too many positionals, worded to follow a colon. */
  readonly wanted?: string
  /** The options, by the name of the parsed value. */
  readonly options: Readonly<Record<string, OptionRow>>
  readonly examples: readonly [Example, ...Example[]]
  /** The meaning of each exit status. */
  readonly statuses: readonly Status[]
}

export interface Positional<T = unknown> {
  /** The name of the value in help, as in "FILE". */
  readonly value: string
  readonly help: string
  readonly kind: Kind<T>
  readonly optional?: boolean
  /** The positional takes all words that follow. The parsed value is a list. */
  readonly many?: boolean
}

export type OptionRow = Switch | ValueOption

interface Flagged {
  readonly flag: `--${string}`
  /** What it does, as in "print a JSON object": no capital at the beginning, no period at the end. */
  readonly help: string
  /** Without any of these flags the option would have no effect, and is refused. */
  readonly onlyWith?: readonly `--${string}`[]
}

/** An option without a value. */
export interface Switch extends Flagged {
  readonly kind?: undefined
}

export interface ValueOption<T = unknown> extends Flagged {
  /** The name of the value in help, as in "DIR". */
  readonly value: string
  readonly kind: Kind<T>
  /** The option may be given several times, and the parsed value is a list. Otherwise the last value counts. */
  readonly repeated?: boolean
  /** The value if nobody gives one. The kind reads it too. */
  readonly default?: string | DerivedDefault
  /** An environment variable that counts if the flag is not given. An empty one counts as none. */
  readonly environment?: string
}

/** A default that depends on another option. */
export interface DerivedDefault {
  /** The text in the help. */
  readonly shown: string
  /** `textOf` returns the text that was given for a flag, or its own default. The flag's kind can read it. */
  readonly from: (textOf: (flag: string) => string | undefined) => string
}

export interface Example {
  /** The command line, from "ip-masq" on. */
  readonly command: string
  /** One line: what it does. */
  readonly about: string
}

export type Status = readonly [status: number, meaning: string]

/** The values of a command line, by the names in the row. */
export type Parsed<Row extends CommandRow> = {
  readonly [Name in keyof Row['options']]: ParsedOption<Row['options'][Name]>
} & {
  readonly [Name in keyof Row['positionals']]: ParsedPositional<Row['positionals'][Name]>
}

type ParsedOption<Option> = Option extends { readonly kind: Kind<infer T> }
  ? Option extends { readonly repeated: true }
    ? readonly T[]
    : Option extends { readonly default: string | DerivedDefault }
      ? T
      : T | undefined
  : boolean

type ParsedPositional<One> = One extends { readonly kind: Kind<infer T> }
  ? One extends { readonly many: true }
    ? readonly T[]
    : One extends { readonly optional: true }
      ? T | undefined
      : T
  : never
