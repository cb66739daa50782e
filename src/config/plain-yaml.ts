import { placeIn } from '../cni/text-place'
import type { YamlDocument } from './yaml'

/**
 * YAML as agents' files are written: keys at the left edge, and lists of prefixes below or beside them. The library takes
 * 100 us for each item of a list, and longer to load than all the rest of an ADD takes. Undefined says nothing: then the
 * library reads the text, or words the error. A test holds every answer against the library's.
 */
export function readPlainYaml(text: string): YamlDocument | undefined {
  const value: Record<string, unknown> = {}
  const offsets = new Map<string, number>()
  let list: string[] | undefined
  let indent: number | undefined
  let offset = 0
  for (const line of text.split('\n')) {
    const start = offset
    offset += line.length + 1
    if (EMPTY.test(line)) continue
    const item = list && ITEM.exec(line)
    if (list && item) {
      const [, spaces = '', written = ''] = item
      indent ??= spaces.length
      const prefix = prefixIn(written)
      if (prefix === undefined || spaces.length !== indent) return undefined
      list.push(prefix)
      continue
    }
    const [, key, written] = ENTRY.exec(line) ?? []
    // A key without a value is null.
    if (key === undefined || offsets.has(key) || list?.length === 0) return undefined
    offsets.set(key, start)
    const single = written === undefined ? undefined : valueIn(written)
    if (written !== undefined && single === undefined) return undefined
    list = written === undefined ? [] : undefined
    indent = undefined
    value[key] = list ?? single
  }
  if (offsets.size === 0 || list?.length === 0) return undefined
  const placeOf = (key: string) => {
    const at = offsets.get(key)
    return at === undefined ? undefined : placeIn(text, at)
  }
  return { value, placeOf }
}

/** Tabs, carriage returns and all that is not ASCII are left to the library. */
const EMPTY = /^ *(?:#[ -~]*)?$/
/** What is written ends before the spaces and the comment after it. */
const REST = '(?: +#[ -~]*| *)$'
const ITEM = new RegExp(`^( *)- +([^ #]+)${REST}`)
/** No word that YAML reads as a boolean or as null has eight letters. */
const ENTRY = new RegExp(`^([A-Za-z]{8,}):(?: +([^ #]+|\\[[ -"$-\\\\^-~]*\\]))?${REST}`)

/** With its "/", a prefix is neither a number nor a time, which YAML would read from the same characters. */
const PREFIX = /^(?:([0-9A-Fa-f.:]+\/[0-9]+)|"([0-9A-Fa-f.:]+\/[0-9]+)"|'([0-9A-Fa-f.:]+\/[0-9]+)')$/

function prefixIn(written: string): string | undefined {
  const [, plain, double, single] = PREFIX.exec(written) ?? []
  return plain ?? double ?? single
}

const DURATION = /^[0-9]+[smh]$/

function valueIn(written: string): unknown {
  if (written === 'true' || written === 'false') return written === 'true'
  if (DURATION.test(written)) return written
  if (!written.startsWith('[')) return prefixIn(written)
  const inner = written.slice(1, -1).trim()
  if (inner === '') return []
  // In brackets a colon may end a key, as in [fd00:: /8]; what has no space in it is one text.
  const items = inner.split(',').map((item) => prefixIn(item.trim()))
  return items.every((item) => item !== undefined) ? items : undefined
}
