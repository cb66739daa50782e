import { parseDestination, type WrittenDestination } from '../../explain/destination'
import type { Subject } from '../../explain/pods'
import type { Address } from '../../policy/address'
import { MalformedError, parseAddress } from '../../policy/address-text'
import { type Prefix, parsePrefix } from '../../policy/prefix'
import type { Endpoint } from '../../system/sockets'
import { endpointOf } from './endpoint'

/** The completion of a value in a shell: names of directories or files, our commands, these words, or nothing. */
export type Completion = 'directory' | 'file' | 'command' | 'nothing' | readonly string[]

/** The form of a value on the command line. */
export interface Kind<T> {
  /** Throws an `UnusableError`. */
  readonly read: (text: string) => T
  readonly complete: Completion
  /** A sentence for the help, below the options, about the form of the value. */
  readonly note?: string
}

/** A value that cannot be used. The message says what to write instead, and is worded to follow a colon. */
export class UnusableError extends Error {}

/** An empty text counts as none, because a manifest may have a variable without a value. */
export const TEXT: Kind<string | undefined> = {
  read: (text) => (text === '' ? undefined : text),
  complete: 'nothing',
}

export const FILE: Kind<string | undefined> = { ...TEXT, complete: 'file' }

export const DIRECTORY: Kind<string> = {
  read: (text) => (text === '' ? unusable('write a directory') : text),
  complete: 'directory',
}

export const ABSOLUTE_DIRECTORY: Kind<string> = {
  read: (text) => (text.startsWith('/') ? text : unusable('write an absolute path')),
  complete: 'directory',
}

export const HOST_ROOT: Kind<string> = {
  read: (text) =>
    text.startsWith('/') ? text : unusable("write an absolute path, where the host's / is mounted"),
  complete: 'directory',
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

/** `90`, `90s`, `10m`, `1h`, in seconds. */
export const DURATION: Kind<number> = {
  read(text) {
    const [, number = '', unit = 's'] = /^(\d{1,6})([smh]?)$/.exec(text) ?? []
    if (number === '') return unusable('write a duration, as in 90s, 10m or 1h')
    return Number(number) * (UNITS[unit || 's'] ?? 1)
  },
  complete: 'nothing',
  note: 'TIME is a number of seconds, minutes or hours, as in 90s, 10m or 1h.',
}

/** A watch that syncs without a pause would occupy a whole core. */
export const INTERVAL: Kind<number> = {
  ...DURATION,
  read: (text) => DURATION.read(text) || unusable('write 1s or more'),
}

export const PORT: Kind<number> = {
  read(text) {
    const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
    return port > 0 && port < 65536 ? port : unusable('write a port, 1 to 65535')
  },
  complete: 'nothing',
}

export const ADDRESS: Kind<Address> = {
  read(text) {
    try {
      return parseAddress(text)
    } catch {
      return unusable('write an IP address, as in 10.244.1.7 or fd00::7')
    }
  },
  complete: 'nothing',
}

/**
 * An address and a port to listen at. An IPv6 address needs no brackets, because a manifest may insert one from a
 * variable.
 */
export const ENDPOINT: Kind<Endpoint> = {
  read(text) {
    const at = text.lastIndexOf(':')
    const host = text.slice(0, at).replace(/^\[(.*)\]$/, '$1')
    try {
      return endpointOf(parseAddress(host), PORT.read(text.slice(at + 1)))
    } catch {
      return unusable('write an address and a port, as in 192.0.2.1:10299 or [fd00::1]:10299')
    }
  },
  complete: 'nothing',
}

/** `10.244.1.7`, or `shop/web-1`. */
export const SUBJECT: Kind<{ readonly text: string; readonly subject: Subject }> = {
  read(text) {
    if (/^[^/\s]+\/[^/\s]+$/.test(text) && !/\/\d+$/.test(text)) return { text, subject: { pod: text } }
    try {
      return { text, subject: { address: parseAddress(text) } }
    } catch (error) {
      const said = error instanceof MalformedError ? error.message : ''
      return unusable(
        said.startsWith('write an address') ? SUBJECT_ADVICE : `${said}, or NAMESPACE/NAME of a pod`,
      )
    }
  },
  complete: 'nothing',
}

const SUBJECT_ADVICE = "write a pod's address, as in 10.244.1.7, or NAMESPACE/NAME, as in shop/web-1"

export const DESTINATION: Kind<{ readonly text: string; readonly written: WrittenDestination }> = {
  read: (text) => ({ text, written: explained(() => parseDestination(text)) }),
  complete: 'nothing',
}

export const POD_SUBNET: Kind<Prefix> = {
  read: (text) => explained(() => parsePrefix(text)),
  complete: 'nothing',
}

/** Turns errors of the parsers for configs into errors of the command line. */
function explained<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof MalformedError) return unusable(error.message)
    throw error
  }
}

/** One of these words. */
export function oneOf<const T extends string>(
  words: readonly T[],
): Kind<T> & { readonly complete: readonly T[] } {
  return {
    read: (text) => words.find((word) => word === text) ?? unusable(`write ${oneOfWords(words)}`),
    complete: words,
  }
}

/** `a, b or c` */
function oneOfWords(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

function unusable(advice: string): never {
  throw new UnusableError(advice)
}
