export interface JsonFault {
  readonly offset: number
  /** The advice on the text to write there. It quotes nothing of the text. */
  readonly expected: string
  /** The place of the key that is repeated here. */
  readonly earlier?: number
}

export interface JsonScan {
  /** The first reason to refuse the text. */
  readonly fault?: JsonFault
  /** Where the keys of the outermost object are. */
  readonly topLevelKeys: ReadonlyMap<string, number>
}

interface ScanOptions {
  readonly allowsRepeatedKeys?: boolean
  /** A key of the outermost object; objects below it may have a key twice. */
  readonly except?: string
  /** How many objects and lists may be open at once. */
  readonly deepest?: number
}

/** An object or a list that is not closed yet. `keys` is absent for a list. */
interface Open {
  readonly closing: '}' | ']'
  readonly keys?: Map<string, number>
}

/** Objects and lists that are open take memory. */
const DEEPEST = 100_000

type State = 'value' | 'value or end' | 'key' | 'key or end' | 'colon' | 'comma or end'

const EXPECTED: Readonly<Record<State, string>> = {
  value: 'write a value',
  'value or end': 'write a value, or "]"',
  key: 'write a key in double quotes',
  'key or end': 'write a key in double quotes, or "}"',
  colon: 'write ":" after the key',
  'comma or end': 'write "," or the closing bracket',
}

/**
 * Reads a text by the grammar of RFC 8259. `JSON.parse` shows the place of a fault only by quoting the text around it,
 * and does not report a key that is there twice. The time is linear in the length, and there is no recursion.
 */
export function scanJson(text: string, options: ScanOptions = {}): JsonScan {
  const { allowsRepeatedKeys = false, except, deepest = DEEPEST } = options
  const open: Open[] = []
  let topLevelKeys: ReadonlyMap<string, number> = new Map()
  let state: State = 'value'
  let topLevelKey = ''
  const faultAt = (offset: number, expected: string): JsonScan => ({
    fault: { offset, expected },
    topLevelKeys,
  })
  for (let at = skipSpace(text, 0); ; at = skipSpace(text, at)) {
    const inner = open.at(-1)
    if (state === 'comma or end' && !inner) {
      return at === text.length ? { topLevelKeys } : faultAt(at, 'remove the text after the JSON value')
    }
    if (at === text.length) return faultAt(at, `the text ends too early: ${EXPECTED[state]}`)
    const character = text.charAt(at)
    if (character === inner?.closing && state !== 'value' && state !== 'key' && state !== 'colon') {
      open.pop()
      state = 'comma or end'
      at += 1
    } else if (state === 'comma or end') {
      if (character !== ',') return faultAt(at, `write "," or "${inner?.closing}"`)
      state = inner?.keys ? 'key' : 'value'
      at += 1
    } else if (state === 'colon') {
      if (character !== ':') return faultAt(at, EXPECTED[state])
      state = 'value'
      at += 1
    } else if (state === 'key' || state === 'key or end') {
      if (character !== '"') return faultAt(at, EXPECTED[state])
      const end = endOfString(text, at)
      if (typeof end !== 'number') return faultAt(end.offset, end.expected)
      const key: string = JSON.parse(text.slice(at, end))
      if (open.length === 1) topLevelKey = key
      const isExcepted = open.length > 1 && topLevelKey === except
      const earlier = inner?.keys?.get(key)
      if (!allowsRepeatedKeys && !isExcepted && earlier !== undefined) {
        const expected = 'keep one of the two'
        return { fault: { offset: at, expected, earlier }, topLevelKeys }
      }
      inner?.keys?.set(key, at)
      state = 'colon'
      at = end
    } else if ('{['.includes(character) && open.length >= deepest) {
      return faultAt(at, 'nest less deeply')
    } else if (character === '{') {
      const keys = new Map<string, number>()
      if (open.length === 0) topLevelKeys = keys
      open.push({ closing: '}', keys })
      state = 'key or end'
      at += 1
    } else if (character === '[') {
      open.push({ closing: ']' })
      state = 'value or end'
      at += 1
    } else {
      const end = character === '"' ? endOfString(text, at) : endOfWord(text, at)
      if (end === undefined) return faultAt(at, EXPECTED[state])
      if (typeof end !== 'number') return faultAt(end.offset, end.expected)
      state = 'comma or end'
      at = end
    }
  }
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && ' \n\r\t'.includes(text.charAt(at))) at += 1
  return at
}

/** The position after the closing quote, or what is wrong with the string. */
function endOfString(text: string, opening: number): number | JsonFault {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what JSON refuses in a string.
  const plain = /[^"\\\u0000-\u001f]*/y
  const escaped = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
  for (let at = opening + 1; ; ) {
    plain.lastIndex = at
    plain.exec(text)
    at = plain.lastIndex
    const character = text.charAt(at)
    if (character === '"') return at + 1
    if (character === '') return { offset: opening, expected: 'write the closing quote of this string' }
    escaped.lastIndex = at
    if (character !== '\\')
      return { offset: at, expected: 'write this control character as an escape, as in "\\n"' }
    if (!escaped.test(text)) return { offset: at, expected: 'write "\\\\" for a backslash' }
    at = escaped.lastIndex
  }
}

/** The position after a number, or after true, false or null; undefined where there is none. */
function endOfWord(text: string, start: number): number | undefined {
  const word = /(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![A-Za-z0-9_.+-])/y
  word.lastIndex = start
  return word.test(text) ? word.lastIndex : undefined
}
