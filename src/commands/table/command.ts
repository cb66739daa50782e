import type { Kind } from './kinds'

/**
 * What a command row says of itself: from it come the parsing of the command line, `--help`, the completion of shells and
 * the man page. How to add one: docs/architecture.md.
 */
export interface CommandRow {
  readonly name: string
  /** What it does, in one line that begins with a verb in lower case and has no period. */
  readonly summary: string
  /** Paragraphs for `--help` and the man page. */
  readonly about: readonly string[]
  /** In their order, by the name that the parsed value has. Only the last one may be optional or many. */
  readonly positionals: Readonly<Record<string, Positional>>
  /** What to write where there are too few or too many positionals, fit to follow a colon. */
  readonly wanted?: string
  /** By the name that the parsed value has. */
  readonly options: Readonly<Record<string, OptionRow>>
  readonly examples: readonly [Example, ...Example[]]
  /** What each exit status means. */
  readonly statuses: readonly Status[]
}

export interface Positional<T = unknown> {
  /** The name of the value in help, as in "FILE". */
  readonly value: string
  readonly help: string
  readonly kind: Kind<T>
  readonly optional?: boolean
  /** Takes all that follow; the parsed value is a list. */
  readonly many?: boolean
}

export type OptionRow = Switch | ValueOption

interface Flagged {
  readonly flag: `--${string}`
  /** What it does, as in "print a JSON object": no capital at the beginning, no period at the end. */
  readonly help: string
}

/** It is there or not. */
export interface Switch extends Flagged {
  readonly kind?: undefined
}

export interface ValueOption<T = unknown> extends Flagged {
  /** The name of the value in help, as in "DIR". */
  readonly value: string
  readonly kind: Kind<T>
  /** May be given several times; the parsed value is a list. Otherwise the last one counts. */
  readonly repeated?: boolean
  /** What counts where nobody gives one; the kind reads it too. */
  readonly default?: string | DerivedDefault
  /** An environment variable that counts where the flag is not given. An empty one counts as none. */
  readonly environment?: string
}

/** A default that follows from another option. */
export interface DerivedDefault {
  /** How help writes it. */
  readonly shown: string
  /** `textOf`: what was given for a flag, or its own default; it is one that the flag's kind reads. */
  readonly from: (textOf: (flag: string) => string | undefined) => string
}

export interface Example {
  /** What to type, from "ip-masq" on. */
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
