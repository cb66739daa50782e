import {
  type Address,
  addressOf,
  digitsOf,
  FAMILIES,
  type Family,
  familyOf,
  formatAddress,
  HEX,
  parsePrinted,
  ZEROS,
} from './address'
import { formatPrefix, type Prefix, subnetOf } from './prefix'

/** The addresses from `first` up to, and without, `end`, both as digits (`parseDigits`). */
export interface Range {
  readonly family: Family
  readonly first: string
  /** `BEYOND` if the range goes to the end of the address space. */
  readonly end: string
}

/** This sorts after all digits. Only the functions here use it. */
const BEYOND = 'g'

/** The whole address space. */
export const ALL: Readonly<Record<Family, Range>> = {
  ip: { family: 'ip', first: ZEROS.slice(0, 8), end: BEYOND },
  ip6: { family: 'ip6', first: ZEROS, end: BEYOND },
}

export function rangeOf({ family, digits, length }: Prefix): Range {
  return { family, first: digits, end: successor(digits, length) }
}

/** From `first` to `last`, both included. */
export function rangeBetween(first: Address, last: Address): Range {
  const { family } = first
  return { family, first: digitsOf(first), end: successor(digitsOf(last), FAMILIES[family].bits) }
}

/**
 * From `first` up to, and without, `end`, both as digits. If `end` is missing, the range goes to the end of the address
 * space.
 */
export function rangeUpTo(first: string, end?: string): Range {
  return { family: familyOf(first), first, end: end ?? BEYOND }
}

/** Whether the range goes to the end of the address space, so that no address follows it. */
export function isOpenEnded({ end }: Range): boolean {
  return end === BEYOND
}

/** The number that follows the last address; no address has it where the range is open. */
export function endOf(range: Range): bigint {
  return isOpenEnded(range) ? 1n << BigInt(FAMILIES[range.family].bits) : addressOf(range.end).value
}

/** The prefix of this length that comes next: 1 is added to the last bit. */
function successor(digits: string, length: number): string {
  if (length === 0) return BEYOND
  let at = (length - 1) >> 2
  let sum = digitOf(digits.charCodeAt(at)) + (8 >> ((length - 1) & 3))
  while (sum > 15) {
    if (at === 0) return BEYOND
    at -= 1
    sum = digitOf(digits.charCodeAt(at)) + 1
  }
  const zeros = digits.length - at - 1
  TAILS[zeros] ??= ZEROS.slice(0, zeros)
  return digits.slice(0, at) + HEX[sum] + TAILS[zeros]
}

/** Texts of zeros by their length, made when they are needed: each prefix of a list needs some. */
const TAILS: string[] = []

/** A digit's value. */
function digitOf(code: number): number {
  return code < 58 ? code - 48 : code - 87
}

/**
 * The addresses of a family whose longest matching prefix is one of `chosen`; at equal length one of `others` wins. The
 * ranges are in address order, and none touches the next: nft refuses overlapping elements, and the form is the same for
 * every spelling. Prefixes would be too many: 10.0.0.0/8 without one address is two ranges, but 24 prefixes.
 */
export function longestMatches(
  family: Family,
  chosen: readonly Prefix[],
  others: readonly Prefix[] = [],
): Range[] {
  const keys = keysInOrder(family, chosen, others)
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

/** The range as nft prints an element: a prefix if it is one, else both ends. A single address is a prefix too. */
export function formatRange(range: Range): string {
  const prefix = asPrefix(range)
  return prefix ? formatPrefix(prefix) : formatEnds(range)
}

/** The same, but a single address has no length: `10.0.0.0/8`, `10.0.0.1`. */
export function formatTarget(range: Range): string {
  return endsOf(range).length === 1 ? formatEnds(range) : formatRange(range)
}

/** `192.0.2.10-192.0.2.13`, or a single address. */
export function formatEnds(range: Range): string {
  return endsOf(range).map(formatAddress).join('-')
}

/** The first and the last address, or the only one. */
export function endsOf(range: Range): Address[] {
  const { family, value } = addressOf(range.first)
  const last = endOf(range) - 1n
  return last === value
    ? [{ family, value }]
    : [
        { family, value },
        { family, value: last },
      ]
}

function asPrefix(range: Range): Prefix | undefined {
  const { family } = range
  const first = addressOf(range.first)
  const differing = first.value ^ (endOf(range) - 1n)
  const length = FAMILIES[family].bits - (differing === 0n ? 0 : differing.toString(2).length)
  const prefix = subnetOf(first, length)
  return prefix.digits === range.first && successor(prefix.digits, length) === range.end ? prefix : undefined
}

/** Parses what nft prints: `10.0.0.0/8`, `10.0.0.1`, `10.0.0.1-10.0.0.5`; undefined for anything else. */
export function parsePrintedRange(text: string): Range | undefined {
  const [start = '', end, ...more] = text.split('-')
  const [addressText = '', length] = start.split('/')
  if (length !== undefined && !/^[0-9]{1,3}$/.test(length)) return undefined
  const [address, last] = [parsePrinted(addressText), end === undefined ? undefined : parsePrinted(end)]
  if (!address || more.length > 0) return undefined
  if (end !== undefined) return last && rangeBetween(address, last)
  return rangeOf(subnetOf(address, length === undefined ? FAMILIES[address.family].bits : Number(length)))
}
