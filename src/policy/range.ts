import { type Address, FAMILIES, type Family, formatAddress, parsePrinted } from './address'
import { formatPrefix, type Prefix } from './prefix'

/** All addresses from `first` to `last`, both included. */
export interface Range {
  readonly family: Family
  readonly first: bigint
  readonly last: bigint
}

export function rangeOf({ family, value, length }: Prefix): Range {
  return { family, first: value, last: value + (1n << BigInt(FAMILIES[family].bits - length)) - 1n }
}

/**
 * The addresses whose longest matching prefix is one of `chosen`; at equal length one of `others` wins. Both of one
 * family. In address order, none touching the next: nft refuses overlapping elements, and the form is the same for
 * every spelling. Ranges, because prefixes would be too many: 10.0.0.0/8 without one address is two ranges, and 24
 * prefixes.
 */
export function longestMatches(chosen: readonly Prefix[], others: readonly Prefix[] = []): Range[] {
  const entries = [
    ...chosen.map((prefix) => ({ ...rangeOf(prefix), isChosen: true })),
    ...others.map((prefix) => ({ ...rangeOf(prefix), isChosen: false })),
  ]
  // Outer before inner: prefixes nest or are apart, and of two that are the same the later stands.
  entries.sort((a, b) => compare(a.first, b.first) || compare(b.last, a.last))
  const result: Range[] = []
  const enclosing: typeof entries = []
  let from = 0n
  const closeUntil = (end: bigint | undefined) => {
    for (let top = enclosing.at(-1); top && (end === undefined || top.last < end); top = enclosing.at(-1)) {
      if (top.isChosen) extend(result, { ...top, first: from })
      from = top.last + 1n
      enclosing.pop()
    }
  }
  for (const entry of entries) {
    closeUntil(entry.first)
    const outer = enclosing.at(-1)
    if (outer?.isChosen) extend(result, { ...outer, first: from, last: entry.first - 1n })
    from = entry.first
    enclosing.push(entry)
  }
  closeUntil(undefined)
  return result
}

/** Appends; what touches the last range becomes a part of it. */
function extend(ranges: Range[], { family, first, last }: Range): void {
  if (last < first) return
  const previous = ranges.at(-1)
  if (previous && previous.last + 1n === first) ranges.splice(-1, 1, { ...previous, last })
  else ranges.push({ family, first, last })
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** As nft prints an element: a prefix where the range is one, else both ends. One address is a prefix too. */
export function formatRange(range: Range): string {
  const length = prefixLength(range)
  if (length === undefined) return formatEnds(range)
  return formatPrefix({ family: range.family, value: range.first, length })
}

/** `192.0.2.10-192.0.2.13`, or the one address. */
export function formatEnds(range: Range): string {
  return endsOf(range).map(formatAddress).join('-')
}

/** First and last address, or the one. */
export function endsOf({ family, first, last }: Range): Address[] {
  return first === last
    ? [{ family, value: first }]
    : [
        { family, value: first },
        { family, value: last },
      ]
}

function prefixLength({ family, first, last }: Range): number | undefined {
  const size = last - first + 1n
  const hostBits = size.toString(2).length - 1
  return size === 1n << BigInt(hostBits) && first % size === 0n ? FAMILIES[family].bits - hostBits : undefined
}

/** What nft prints: `10.0.0.0/8`, `10.0.0.1`, `10.0.0.1-10.0.0.5`; undefined for anything else. */
export function parsePrintedRange(text: string): Range | undefined {
  const [start = '', end, ...more] = text.split('-')
  const [addressText = '', length] = start.split('/')
  const [address, last] = [parsePrinted(addressText), end === undefined ? undefined : parsePrinted(end)]
  if (!address || more.length > 0) return undefined
  const { family, value } = address
  if (end !== undefined) return last && { family, first: value, last: last.value }
  return rangeOf({ family, value, length: length === undefined ? FAMILIES[family].bits : Number(length) })
}
