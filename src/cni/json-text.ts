import { type JsonFault, scanJson } from './json-scan'
import { placeIn } from './text-place'

/** Text that is no JSON as we read it. The message has the position, and nothing of the text: it may hold secrets. */
export class JsonTextError extends Error {}

/**
 * JSON in a file. What `JSON.parse` passes over in silence is refused: of a key that an object has twice the first
 * would have no effect.
 */
export function parseJsonText(text: string): unknown {
  const { fault } = scanJson(text)
  if (fault) throw new JsonTextError(describeFault(text, fault))
  return JSON.parse(text)
}

/** For text that `JSON.parse` has refused: where, and what is expected there. */
export function jsonSyntaxFault(text: string): string {
  const { fault } = scanJson(text, { allowsRepeatedKeys: true })
  return fault ? describeFault(text, fault) : 'it is nested too deep'
}

/**
 * The first key that an object of a valid text has twice; undefined if there is none. What is below the top-level key
 * `except` is not looked at.
 */
export function repeatedKeyFault(text: string, except: string): string | undefined {
  const { fault } = scanJson(text, { except })
  return fault && describeFault(text, fault)
}

function describeFault(text: string, { offset, expected }: JsonFault): string {
  return `${placeIn(text, offset)}: ${expected}`
}
