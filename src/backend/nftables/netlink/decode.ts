import { decodeLatin1, encodeHex } from '#system/text'
import { type Range, rangeUpTo } from '../../../policy/range'
import type { Target } from '../table'
import { DATA } from './data'
import { readData, targetOf } from './decode-data'
import { commentIn } from './find'
import { COMMENT, ELEMENT, ELEMENTS, INTERVAL_END } from './protocol'
import {
  ATTRIBUTE_HEADER,
  type Attributes,
  CUT_SHORT,
  lengthOfHead,
  readU32,
  TruncatedError,
  TYPE_MASK,
  wordsOf,
} from './wire'

/** Reads the elements of sets and maps from the kernel's messages. */

/** An element of a set or map; only fields that ours have. */
export interface WalkedElement {
  /** Key and value are hex digits. */
  readonly key: string
  readonly value?: string | undefined
  readonly verdict?: Target | undefined
  readonly comment?: string | undefined
  readonly isIntervalEnd?: boolean
}

/** NFTA_SET_ELEM_LIST_ELEMENTS of one message, in each form that a part of an element is read from. */
interface List {
  readonly bytes: Uint8Array
  readonly words: Int32Array
  readonly digits: string
  /** The verdicts that were read: thousands of pods are sent to the same few chains. */
  readonly targets: Map<string, Target>
}

/**
 * Reads the elements of one message, and adds them to `elements`. All of it is converted at once, because a view of each
 * part would take longer than everything else.
 */
export function elementsIn(attributes: Attributes, elements: WalkedElement[] = []): WalkedElement[] {
  const bytes = attributes.get(ELEMENTS.elements)
  if (!bytes) return elements
  const words = wordsOf(bytes)
  const list: List = { bytes, words, digits: encodeHex(bytes), targets: new Map() }
  const to = bytes.length
  for (let at = 0; at + ATTRIBUTE_HEADER <= to; ) {
    const end = at + lengthOfHead(words[at >> 2] ?? 0, to - at)
    const element = elementAt(list, at + ATTRIBUTE_HEADER, end)
    if (element.key !== '') elements.push(element)
    at = (end + 3) & ~3
  }
  return elements
}

const { key: KEY, data: VALUE, userdata: USERDATA, flags: ELEMENT_FLAGS } = ELEMENT

/**
 * The element whose attributes begin at `from`. The key is empty if there is none, or no value in it. Headers are read here
 * and not by a function, which would take as long as everything else.
 */
function elementAt(list: List, from: number, to: number): WalkedElement {
  const { words, digits } = list
  let key = ''
  let isIntervalEnd = false
  let value: string | undefined
  let verdict: Target | undefined
  let comment: string | undefined
  for (let at = from; at + ATTRIBUTE_HEADER <= to; ) {
    const head = words[at >> 2] ?? 0
    const begin = at + ATTRIBUTE_HEADER
    const end = at + (head & 0xffff)
    if (end < begin || end > to) throw new TruncatedError(CUT_SHORT)
    const type = (head >>> 16) & TYPE_MASK
    if (type === KEY || type === VALUE) {
      // What is in it is a single attribute.
      const inner = begin + ATTRIBUTE_HEADER <= end ? (words[begin >> 2] ?? 0) : 0
      if (((inner >>> 16) & TYPE_MASK) === DATA.value) {
        const innerEnd = begin + (inner & 0xffff)
        if (innerEnd < begin + ATTRIBUTE_HEADER || innerEnd > end) throw new TruncatedError(CUT_SHORT)
        const content = digits.slice(2 * (begin + ATTRIBUTE_HEADER), 2 * innerEnd)
        if (type === KEY) key = content
        else value = content
      } else if (type === VALUE) verdict = targetAt(list, begin, end)
    } else if (type === USERDATA) comment = commentAt(list.bytes, begin, end)
    else if (type === ELEMENT_FLAGS)
      isIntervalEnd = ((readU32(list.bytes.subarray(begin, end)) ?? 0) & INTERVAL_END) !== 0
    at = (end + 3) & ~3
  }
  // Each property takes a tenth of the time that the element takes.
  if (isIntervalEnd) return { key, isIntervalEnd }
  return verdict ? { key, verdict } : { key, value, comment }
}

function targetAt({ bytes, digits, targets }: List, from: number, to: number): Target | undefined {
  const content = digits.slice(2 * from, 2 * to)
  const known = targets.get(content)
  if (known) return known
  const data = readData(bytes.subarray(from, to))
  if (!data || data instanceof Uint8Array) return undefined
  const target = targetOf(data)
  targets.set(content, target)
  return target
}

/** Nearly always the comment is the first thing in the user data. */
function commentAt(bytes: Uint8Array, from: number, to: number): string | undefined {
  const end = from + 1 + (bytes[from + 1] ?? 0)
  return bytes[from] === COMMENT && from + 2 <= end && end < to
    ? decodeLatin1(bytes.subarray(from + 2, end))
    : commentIn(bytes.subarray(from, to))
}

/** The ranges of a set of intervals, from its borders. Each range begins at a key, and ends before the next end. */
export function rangesOf(elements: readonly WalkedElement[]): Range[] {
  const borders = elements
    .map(({ key, isIntervalEnd = false }) => ({ digits: key, isIntervalEnd }))
    .sort((a, b) => (a.digits < b.digits ? -1 : a.digits > b.digits ? 1 : a.isIntervalEnd ? -1 : 1))
  const ranges: Range[] = []
  for (const [i, { digits, isIntervalEnd }] of borders.entries()) {
    if (isIntervalEnd) continue
    ranges.push(rangeUpTo(digits, borders[i + 1]?.digits))
  }
  return ranges
}
