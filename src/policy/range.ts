import { type Address, addressOf, digitsOf, FAMILIES, type Family, familyOf } from './address'
import { HEX, ZEROS } from './digits'
import type { Prefix } from './prefix'

/** The addresses from `first` up to, and without, `end`, both as digits (`parseDigits`). */
export interface Range {
  readonly family: Family
  readonly first: string
  /** `BEYOND` if the range goes to the end of the address space. */
  readonly end: string
}

/**
 * Ranges of one family as one text, for lists of thousands: the digits of the first range, its `first` and its `end`, then
 * those of the next one. They are in address order, and none touches the next.
 */
export interface RangeText {
  readonly family: Family
  readonly digits: string
}

/** A list of ranges in either form. */
export type Ranges = readonly Range[] | RangeText

export function rangesIn(list: Ranges): readonly Range[] {
  if (!('digits' in list)) return list
  const ranges = cutTexts.get(list) ?? cut(list)
  cutTexts.set(list, ranges)
  return ranges
}

/** Some commands look into the same ranges for each of many destinations. */
const cutTexts = new WeakMap<RangeText, readonly Range[]>()

function cut({ family, digits }: RangeText): Range[] {
  const width = FAMILIES[family].bits / 4
  const ranges: Range[] = []
  for (let at = 0; at < digits.length; at += 2 * width)
    ranges.push({
      family,
      first: digits.slice(at, at + width),
      end: digits.slice(at + width, at + 2 * width),
    })
  return ranges
}

/** This sorts after all digits. Only the functions here and `longestMatches` use it. */
export const BEYOND = 'g'

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

/** The digits of the prefix of this length that comes next: 1 is added to the last bit. `BEYOND` follows the last one. */
export function successor(digits: string, length: number): string {
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
