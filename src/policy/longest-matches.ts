import { FAMILIES, type Family } from './address'
import type { Prefix } from './prefix'
import { isLong, type Prefixes, prefixesOf } from './prefixes'
import { BEYOND, type Range, type Ranges, successor } from './range'

/**
 * The addresses of a family whose longest matching prefix is in one of the lists `chosen`; at equal length one of `others`
 * wins. The ranges are in address order, and none touches the next: nft refuses overlapping elements, and the form is the
 * same for every spelling. Prefixes would be too many: 10.0.0.0/8 without one address is two ranges, but 24 prefixes.
 */
export function longestMatches(
  family: Family,
  chosen: readonly Prefixes[],
  others: readonly Prefix[] = [],
): Ranges {
  const long = others.length === 0 ? chosen.find(isLong) : undefined
  const prefixes = chosen.flatMap((list) => (list === long ? [] : prefixesOf(family, list)))
  if (long) return long.unionWith(family, prefixes)
  const keys = keysInOrder(family, prefixes, others)
  return others.length === 0 ? joined(family, keys) : matched(family, keys)
}

/**
 * The ranges of one list, which is nearly always all there is. A prefix that begins within the range before it is part of
 * that range.
 */
function joined(family: Family, keys: readonly string[]): Range[] {
  const ranges: Range[] = []
  const width = widthOf(family)
  let [first, end] = ['', '']
  for (const key of keys) {
    const digits = key.slice(0, width)
    if (digits < end) continue
    if (digits !== end) {
      if (end !== '') ranges[ranges.length] = { family, first, end }
      first = digits
    }
    end = successor(digits, key.charCodeAt(width) - LENGTH_0)
  }
  if (end !== '') ranges.push({ family, first, end })
  return ranges
}

function matched(family: Family, keys: readonly string[]): Range[] {
  const result: Range[] = []
  const enclosing: Entry[] = []
  const width = widthOf(family)
  let top: Entry | undefined
  let from = ''
  for (const key of [...keys, BEYOND]) {
    const first = key.slice(0, width)
    while (top && top.end <= first) {
      if (top.isChosen) extend(result, family, from, top.end)
      from = top.end
      top = enclosing.pop()
    }
    if (key === BEYOND) break
    if (top) {
      if (top.isChosen) extend(result, family, from, first)
      enclosing.push(top)
    }
    from = first
    top = { end: successor(first, key.charCodeAt(width) - LENGTH_0), isChosen: key.endsWith(CHOSEN) }
  }
  return result
}

/** A prefix that holds the current position. */
interface Entry {
  readonly end: string
  readonly isChosen: boolean
}

function widthOf(family: Family): number {
  return FAMILIES[family].bits / 4
}

/**
 * Digits, length and list of each prefix as one text. In this order an outer prefix comes before an inner one, and of two
 * equal prefixes the one of `others` comes later. The engine sorts texts by itself; a comparison function of ours would
 * take longer than everything else for a list of thousands.
 */
function keysInOrder(family: Family, chosen: readonly Prefix[], others: readonly Prefix[]): string[] {
  const keys: string[] = []
  const collect = (prefixes: readonly Prefix[], rank: string) => {
    // A list has only a few lengths.
    const ends: string[] = []
    for (const prefix of prefixes) {
      if (prefix.family !== family) continue
      const { length } = prefix
      ends[length] ??= String.fromCharCode(LENGTH_0 + length) + rank
      keys[keys.length] = prefix.digits + ends[length]
    }
  }
  collect(chosen, CHOSEN)
  collect(others, OTHER)
  return keys.sort()
}

const [LENGTH_0, CHOSEN, OTHER] = [0x20, '0', '1']

/** Appends a range unless it is empty. A range that touches the last one becomes part of it. */
function extend(ranges: Range[], family: Family, first: string, end: string): void {
  if (end <= first) return
  const last = ranges.length - 1
  const previous = ranges[last]
  if (previous?.end === first) ranges[last] = { family, first: previous.first, end }
  else ranges.push({ family, first, end })
}
