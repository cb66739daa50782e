import { CniError, quote } from './error'

export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What stdin holds: the plugin's own config, one JSON object. */
export function parseConfigText(text: string): JsonObject {
  const value = parseJson(text)
  if (!isObject(value)) {
    throw new CniError('notJson', `Cannot read the config ${quote(value)}: write a JSON object, { ... }`)
  }
  return value
}

function parseJson(text: string): unknown {
  if (text.trim() === '') {
    throw new CniError('notJson', 'Cannot read the config: stdin is empty; the runtime sends it as JSON')
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    const said = error instanceof Error ? error.message.slice(0, 200) : ''
    throw new CniError('notJson', `Cannot read the config ${quote(text)}: it is not JSON`, said)
  }
}

/**
 * The source text of one member of a JSON object that JSON.parse has accepted and found it in. A result is passed on as
 * received, and a round trip through JavaScript's numbers would change what other plugins put there (an
 * integer over 2^53). Of a key written twice the last stands, as in JSON.parse.
 *
 * The rest of the text may be a list of thousands, and is not looked at where the key can only be in one place: it is
 * there once as it is, and without an escape no other spelling of it is.
 */
export function memberText(text: string, key: string): string | undefined {
  const quoted = JSON.stringify(key)
  const at = text.indexOf(quoted)
  const isAlone = at > 0 && text.lastIndexOf(quoted) === at && !text.includes('\\u')
  return (isAlone ? scanMember(`{${text.slice(at)}`, key) : undefined) ?? scanMember(text, key)
}

/** The last member of that name, as far as the object goes; what follows it is not looked at. */
function scanMember(text: string, key: string): string | undefined {
  let depth = 0
  let start = -1
  let name: string | undefined
  let found: string | undefined
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
      if (name === key) found = text.slice(start, at).trim()
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

/** Behind the closing quote: the first with an even number of backslashes before it. Strings may have megabytes. */
function endOfString(text: string, opening: number): number {
  for (let at = text.indexOf('"', opening + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0
    while (text[at - 1 - backslashes] === '\\') backslashes += 1
    if (backslashes % 2 === 0) return at + 1
  }
  return text.length
}
