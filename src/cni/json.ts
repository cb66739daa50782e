import { encode, indexOfText } from '#system/text'
import { CniError } from './error'
import { jsonSyntaxFault, repeatedKeyFault } from './json-text'

export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Parses what stdin holds: the plugin's own config, one JSON object. */
export function parseConfigText(text: string): JsonObject {
  const value = parseJson(text)
  if (!isObject(value)) {
    const what = value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`
    throw new CniError('notJson', `Cannot read the config: it is ${what}; write a JSON object, { ... }`)
  }
  return value
}

function parseJson(text: string): unknown {
  if (text.trim() === '') {
    throw new CniError('notJson', 'Cannot read the config: stdin is empty; the runtime sends it as JSON')
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new CniError('notJson', `Cannot read the config: it is not JSON: ${jsonSyntaxFault(text)}`)
  }
}

/** A value's place in a text, with the white space around it. */
export interface Span {
  readonly start: number
  readonly end: number
}

/**
 * Refuses a config in which an object has a key twice: `JSON.parse` takes the last one, so the list that an operator
 * reads may not be the list that counts. `result` is where the value of `prevResult` is, which belongs to other plugins
 * and is passed on as it is.
 *
 * Every ADD does this, so the engine's own search counts `":`, and the text is scanned only if there are more of them
 * than keys. White space before a colon hides a key from that search.
 */
export function rejectRepeatedKeys(
  text: string,
  config: JsonObject,
  result: Span | undefined,
  bytes = encode(text),
): void {
  const rest = result ? text.slice(0, result.start) + text.slice(result.end) : text
  const { prevResult, ...others } = config
  const keys = countKeys(others, 0) + (prevResult === undefined ? 0 : 1)
  const isSpaced = SPACES.some((code, i) => bytes.includes(code) && rest.includes(SPACED_COLONS[i] ?? ''))
  if (countColons(rest) === keys && !isSpaced) return
  const fault = repeatedKeyFault(text, 'prevResult')
  if (fault !== undefined) throw new CniError('invalidConfig', `Cannot use the config: ${fault}`)
}

/**
 * Characters of which most configs have none. The engine finds a byte a hundred times sooner than a text, which it
 * compares at each place.
 */
const BACKSLASH = 0x5c
const SPACES = [0x20, 0x0a, 0x0d, 0x09]
const SPACED_COLONS = [' :', '\n:', '\r:', '\t:']

function countColons(text: string): number {
  let count = 0
  for (let at = text.indexOf('":'); at >= 0; at = text.indexOf('":', at + 2)) count += 1
  return count
}

/** Counts the keys, or fewer: it does not look into lists that begin with a text, nor into deep nesting. */
function countKeys(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null || depth > 8) return 0
  if (Array.isArray(value) && typeof value[0] !== 'object') return 0
  let count = Array.isArray(value) ? 0 : Object.keys(value).length
  for (const inner of Object.values(value)) count += countKeys(inner, depth + 1)
  return count
}

/**
 * Finds the value of one member of a JSON object. JSON.parse has accepted the text and found the member in it. A result
 * is passed on as received, because a round trip through JavaScript's numbers would change what other plugins put there
 * (an integer over 2^53). If a key is written twice, the last one counts, as in JSON.parse.
 *
 * The rest of the text may be a list of thousands. It is not looked at if the key can only be in one place: the text has
 * it once, and without an escape the key has no other spelling. `bytes` are those of the text.
 */
export function memberSpan(text: string, key: string, bytes = encode(text)): Span | undefined {
  const quoted = JSON.stringify(key)
  const at = text.lastIndexOf(quoted)
  const isAlone = at > 0 && hasOnce(bytes, quoted) && !hasEscape(text, bytes)
  const span = isAlone ? scanMember(`{${text.slice(at)}`, key) : undefined
  return span ? { start: span.start + at - 1, end: span.end + at - 1 } : scanMember(text, key)
}

/** Whether bytes that have a text have it in one place only. */
function hasOnce(bytes: Uint8Array, ascii: string): boolean {
  return indexOfText(bytes, ascii, indexOfText(bytes, ascii, 0) + 1) < 0
}

function hasEscape(text: string, bytes: Uint8Array): boolean {
  return bytes.includes(BACKSLASH) && text.includes('\\u')
}

/** The last member with that name. It reads to the end of the object, and not what follows. */
function scanMember(text: string, key: string): Span | undefined {
  let depth = 0
  let start = -1
  let name: string | undefined
  let found: Span | undefined
  for (let at = 0; at < text.length; at++) {
    const token = text[at]
    if (token === '"') {
      const end = endOfString(text, at)
      if (depth === 1 && name === undefined) name = JSON.parse(text.slice(at, end))
      at = end - 1
      continue
    }
    const isClosing = token === '}' || token === ']'
    if (depth === 1 && (token === ',' || isClosing)) {
      if (name === key) found = { start, end: at }
      name = undefined
    } else if (depth === 1 && token === ':') {
      start = at + 1
    }
    if (token === '{' || token === '[') depth += 1
    if (isClosing) depth -= 1
    if (isClosing && depth === 0) break
  }
  return found
}

/**
 * The position after the closing quote: the first quote with an even number of backslashes before it. Strings may have
 * megabytes.
 */
function endOfString(text: string, opening: number): number {
  for (let at = text.indexOf('"', opening + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0
    while (text[at - 1 - backslashes] === '\\') backslashes += 1
    if (backslashes % 2 === 0) return at + 1
  }
  return text.length
}
