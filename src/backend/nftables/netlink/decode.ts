import { type Range, rangeUpTo } from '../../../policy/range'
import type { Target } from '../table'
import { hexOf } from './addresses'
import { readData, targetOf } from './decode-data'
import { commentIn } from './find'
import { ELEMENT, ELEMENTS, INTERVAL_END } from './protocol'
import { type Attributes, listAttributes, parseAttributes, readU32 } from './wire'

/** The elements of sets and maps, as the kernel gives them back. */

/** An element of a set or map, as far as ours have it. */
export interface WalkedElement {
  readonly key: Uint8Array
  readonly value?: Uint8Array
  readonly verdict?: Target
  readonly comment?: string
  readonly isIntervalEnd: boolean
}

/** NFTA_SET_ELEM_LIST_ELEMENTS of one message. */
export function* elementsIn(attributes: Attributes): Generator<WalkedElement> {
  for (const [, element] of listAttributes(attributes.get(ELEMENTS.elements) ?? new Uint8Array())) {
    const parts = parseAttributes(element)
    const key = readData(parts.get(ELEMENT.key))
    if (!(key instanceof Uint8Array)) continue
    const data = readData(parts.get(ELEMENT.data))
    const comment = commentIn(parts.get(ELEMENT.userdata))
    yield {
      key,
      ...(data instanceof Uint8Array ? { value: data } : data && { verdict: targetOf(data) }),
      ...(comment !== undefined && { comment }),
      isIntervalEnd: ((readU32(parts.get(ELEMENT.flags)) ?? 0) & INTERVAL_END) !== 0,
    }
  }
}

/** The ranges of a set of intervals, from its borders: each begins at a key, and ends before the next end. */
export function rangesOf(elements: readonly WalkedElement[]): Range[] {
  const borders = elements
    .map(({ key, isIntervalEnd }) => ({ digits: hexOf(key), isIntervalEnd }))
    .sort((a, b) => (a.digits < b.digits ? -1 : a.digits > b.digits ? 1 : a.isIntervalEnd ? -1 : 1))
  const ranges: Range[] = []
  for (const [i, { digits, isIntervalEnd }] of borders.entries()) {
    if (isIntervalEnd) continue
    ranges.push(rangeUpTo(digits, borders[i + 1]?.digits))
  }
  return ranges
}
