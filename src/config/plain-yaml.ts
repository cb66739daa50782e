import { placeIn } from '../cni/text-place'
import type { YamlDocument } from './yaml'

/**
 * Reads YAML as agents' files are written: keys at the left edge, and lists of prefixes below or after them. The library
 * takes 100 us for each item of a list, and loading it takes longer than the rest of an ADD. Undefined means nothing:
 * then the library reads the text, or words the error. A test compares every answer with the library's.
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

/** Tabs, carriage returns and everything that is not ASCII are left to the library. */
const EMPTY = /^ *(?:#[ -~]*)?$/
/** A value ends before the spaces and the comment after it. */
const REST = '(?: +#[ -~]*| *)$'
const ITEM = new RegExp(`^( *)- +([^ #]+)${REST}`)
/** YAML reads no word with eight letters as a boolean or as null. */
const ENTRY = new RegExp(`^([A-Za-z]{8,}):(?: +([^ #]+|\\[[ -"$-\\\\^-~]*\\]))?${REST}`)

/** A prefix has a "/", so YAML does not read it as a number or a time, which have the same characters. */
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
  // In brackets a colon may end a key, as in [fd00:: /8]; a text without a space is one text.
  const items = inner.split(',').map((item) => prefixIn(item.trim()))
  return items.every((item) => item !== undefined) ? items : undefined
}
