import { addressOf, FAMILIES } from './address'
import { formatAddress, parsePrinted } from './address-text'
import { formatPrefix, type Prefix, subnetOf } from './prefix'
import { endOf, endsOf, type Range, rangeBetween, rangeOf, successor } from './range'

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
