import * as z from 'zod/mini'
import { FAMILIES, type Family } from '../policy/address'
import { MalformedError, parseAddress } from '../policy/address-text'
import { prefixOf } from '../policy/prefix'
import { type Range, rangeBetween, rangeOf } from '../policy/range'
import { closed, text } from './values'

/** Addresses that packets get as their source when they leave the node. */

/** One address, or a range of them, for each family. */
export const sources = closed(
  {
    ipv4: z.optional(addressRange('ip', '"192.0.2.10" or "192.0.2.10-192.0.2.13"')),
    ipv6: z.optional(addressRange('ip6', '"2001:db8::10" or "2001:db8::10-2001:db8::13"')),
  },
  'write an object, as in { "ipv4": "192.0.2.10", "ipv6": "2001:db8::10" }',
)

/** `192.0.2.10`, or `192.0.2.10-192.0.2.13`. */
function addressRange(family: Family, example: string) {
  const advice = `write ${FAMILIES[family].label} addresses, as in ${example}`
  return text(
    (input): Range => parseRange(input, family, advice),
    advice,
    '^[0-9a-fA-F.:]+(-[0-9a-fA-F.:]+)?$',
  )
}

function parseRange(input: string, family: Family, advice: string): Range {
  const ends = input.split('-').map((end) => parseAddress(end))
  const [first, last = first] = ends
  if (!first || !last || ends.length > 2) throw new MalformedError(advice)
  if (first.family !== family || last.family !== family) throw new MalformedError(advice)
  if (first.value > last.value) throw new MalformedError('write the lower address first')
  return requireUsable(rangeBetween(first, last))
}

/** An address as the source of packets. */
export const sourceAddress = text(
  (input) => {
    const parsed = parseAddress(input)
    requireUsable(rangeBetween(parsed, parsed))
    return parsed
  },
  'write an address, as in "192.0.2.10"',
  '^[0-9a-fA-F.:]+$',
)

function requireUsable(range: Range): Range {
  const unusable = UNUSABLE.find(
    (one) => one.family === range.family && one.first < range.end && range.first < one.end,
  )
  if (unusable)
    throw new MalformedError(`write an address of the node; ${unusable.what} cannot be a source address`)
  return range
}

/** Addresses that no packet may have as its source outside of the node. */
const UNUSABLE = [
  { ...rangeOf(prefixOf('0.0.0.0/8')), what: 'an address in 0.0.0.0/8' },
  { ...rangeOf(prefixOf('127.0.0.0/8')), what: 'a loopback address' },
  { ...rangeOf(prefixOf('224.0.0.0/4')), what: 'a multicast address' },
  { ...rangeOf(prefixOf('255.255.255.255/32')), what: 'the broadcast address' },
  { ...rangeOf(prefixOf('::/96')), what: 'an address in ::/96' },
  { ...rangeOf(prefixOf('ff00::/8')), what: 'a multicast address' },
]
