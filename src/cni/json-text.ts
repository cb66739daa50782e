import { type JsonFault, scanJson } from './json-scan'
import { placeIn } from './text-place'

/**
 * Parses JSON in a file. The message of the Error that it throws has the position of a fault, and nothing of the text,
 * which may hold secrets. It refuses what `JSON.parse` accepts silently: if an object has a key twice, the first one
 * would have no effect.
 */
export function parseJsonText(text: string, deepest?: number): unknown {
  const { fault } = scanJson(text, deepest === undefined ? {} : { deepest })
  if (fault) throw new Error(describeFault(text, fault))
  return JSON.parse(text)
}

/** Where the fault is in text that `JSON.parse` has refused, and what is expected there. */
export function jsonSyntaxFault(text: string): string {
  const { fault } = scanJson(text, { allowsRepeatedKeys: true })
  return fault ? describeFault(text, fault) : 'it is nested too deeply, or it is too large'
}

/**
 * The first key that an object of a valid text has twice; undefined if there is none. The value of the top-level key
 * `except` is not looked at.
 */
export function repeatedKeyFault(text: string, except: string): string | undefined {
  const { fault } = scanJson(text, { except })
  return fault && describeFault(text, fault)
}

function describeFault(text: string, { offset, expected, earlier }: JsonFault): string {
  const why = earlier === undefined ? '' : `this object already has this key, at ${placeIn(text, earlier)}; `
  return `${placeIn(text, offset)}: ${why}${expected}`
}
