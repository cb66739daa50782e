import { encodeHex } from '#system/text'
import { type Range, rangeUpTo } from '../../../policy/range'
import type { Target } from '../table'
import { DATA } from './data'
import { readData, targetOf } from './decode-data'
import { commentIn } from './find'
import { ELEMENT, ELEMENTS, INTERVAL_END } from './protocol'
import {
  ATTRIBUTE_HEADER,
  type Attributes,
  attributeEnd,
  attributeType,
  eachAttribute,
  readU32,
} from './wire'

/** Reads the elements of sets and maps from the kernel's messages. */

/** An element of a set or map; only fields that ours have. */
export interface WalkedElement {
  /** Key and value are hex digits. */
  readonly key: string
  readonly value?: string
  readonly verdict?: Target | undefined
  readonly comment?: string | undefined
  readonly isIntervalEnd: boolean
}

/** Reads NFTA_SET_ELEM_LIST_ELEMENTS of one message. */
export function elementsIn(attributes: Attributes): WalkedElement[] {
  const bytes = attributes.get(ELEMENTS.elements)
  if (!bytes) return []
  const elements: WalkedElement[] = []
  // Thousands of pods are sent to the same few chains.
  const targets = new Map<string, Target>()
  eachAttribute(bytes, [0, bytes.length], (_, begin, end) => {
    const element: Parts = { key: '', isIntervalEnd: false }
    eachAttribute(bytes, [begin, end], (type, from, to) => {
      if (type === ELEMENT.key) element.key = valueIn(bytes, from, to) ?? ''
      else if (type === ELEMENT.data) {
        const value = valueIn(bytes, from, to)
        if (value === undefined) element.verdict = targetIn(bytes.subarray(from, to), targets)
        else element.value = value
      } else if (type === ELEMENT.userdata) element.comment = commentIn(bytes.subarray(from, to))
      else if (type === ELEMENT.flags) {
        element.isIntervalEnd = ((readU32(bytes.subarray(from, to)) ?? 0) & INTERVAL_END) !== 0
      }
    })
    if (element.key !== '') elements.push(element)
  })
  return elements
}

interface Parts {
  key: string
  value?: string
  verdict?: Target | undefined
  comment?: string | undefined
  isIntervalEnd: boolean
}

/** The content of an element's key or data, which is a single attribute, if it is no verdict. */
function valueIn(bytes: Uint8Array, from: number, to: number): string | undefined {
  if (to - from < ATTRIBUTE_HEADER || attributeType(bytes, from) !== DATA.value) return undefined
  return encodeHex(bytes.subarray(from + ATTRIBUTE_HEADER, attributeEnd(bytes, from, to)))
}

function targetIn(bytes: Uint8Array, known: Map<string, Target>): Target | undefined {
  const digits = encodeHex(bytes)
  const target = known.get(digits)
  if (target) return target
  const data = readData(bytes)
  if (!data || data instanceof Uint8Array) return undefined
  const made = targetOf(data)
  known.set(digits, made)
  return made
}

/** The ranges of a set of intervals, from its borders. Each range begins at a key, and ends before the next end. */
export function rangesOf(elements: readonly WalkedElement[]): Range[] {
  const borders = elements
    .map(({ key, isIntervalEnd }) => ({ digits: key, isIntervalEnd }))
    .sort((a, b) => (a.digits < b.digits ? -1 : a.digits > b.digits ? 1 : a.isIntervalEnd ? -1 : 1))
  const ranges: Range[] = []
  for (const [i, { digits, isIntervalEnd }] of borders.entries()) {
    if (isIntervalEnd) continue
    ranges.push(rangeUpTo(digits, borders[i + 1]?.digits))
  }
  return ranges
}
