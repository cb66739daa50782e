import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FAMILY_NAMES } from '../../src/policy/address'
import { parseLongList, readLongList } from '../../src/policy/long-list'
import { longestMatches } from '../../src/policy/longest-matches'
import { formatPrefix, type Prefix, parsePrefix } from '../../src/policy/prefix'
import { prefixesIn } from '../../src/policy/prefixes'
import { rangesIn } from '../../src/policy/range'

/** A list of numbers is held against a list of prefixes that were read one by one. */

const octet = fc.oneof(
  fc.nat(299).map(String),
  { weight: 3, arbitrary: fc.constantFrom('0', '128') },
  fc.constantFrom('00', '010', '', '-1', 'x'),
)
const ipv4 = fc.array(octet, { minLength: 3, maxLength: 5 }).map((octets) => octets.join('.'))
const group = fc.oneof(fc.nat(0xfffff), fc.constantFrom(0, 0x80, 0x8000)).map((value) => value.toString(16))
const ipv6 = fc
  .tuple(fc.array(group, { maxLength: 5 }), fc.constantFrom('::', ':', ''), fc.array(group, { maxLength: 4 }))
  .map(([head, gap, tail]) => `${head.join(':')}${gap}${tail.join(':')}`)
const length = fc.oneof(
  fc.nat(140).map(String),
  fc.constantFrom('8', '9', '16', '128', '129', '', '08', '+8', '8 '),
)
const composed = fc.tuple(fc.oneof(ipv4, ipv6), length).map(([address, bits]) => `${address}/${bits}`)
const chosen = fc.constantFrom(
  '0.0.0.0/0',
  '10.0.0.0/8',
  '10.1.2.3/32',
  '2001:db8::/32',
  '::/0',
  'a:b:c:d::/64',
  'a:b::/29',
  'A:B::/32',
  'a:b:::/48',
  '::ffff:0:0/96',
  '0:0:0:0:0:ffff::/96',
  '1:2:3:4:5:6:7::/112',
  '1:2:3:4:5:6:7:8::/128',
  '1.2',
  '9932',
  'a:32',
  '::1.2.3.0/24',
  '2001:db8::0.0.0.0/32',
  '10.0.0.0/15',
  '10.1.0.0/15',
  '10.1.24',
  '10.1.32',
  '10.256.0.0/16',
  '10.1.256.0/24',
  '256.1.0.0/16',
  '10.1.2.0',
  '10.1.2/24',
  '2001:db8:1::/47',
  '2001:db8:0:1::/63',
  '2001:db8::/31',
  '2001:db8:1 ::/48',
  '2001:db8: 1::/48',
  '2001 :db8:1::/48',
  '2001:db8:12345::/48',
  '2001:db8:1:2:3::/80',
  '0:0:0:1::/64',
)
const anything = fc.oneof(composed, chosen)

const outcomeOf = (read: () => readonly Prefix[]) => {
  try {
    return read().map(formatPrefix).sort()
  } catch (error) {
    return String(error)
  }
}
const inNumbers = (texts: readonly string[]) => () => {
  const list = parseLongList(texts)
  return FAMILY_NAMES.flatMap((family) => list.prefixesOf(family))
}

describe('a long list', () => {
  test('has the prefixes that are read one by one, or the same fault', () => {
    fc.assert(
      fc.property(anything, (written) => {
        expect(outcomeOf(inNumbers([written]))).toEqual(outcomeOf(() => [parsePrefix(written)]))
      }),
      { numRuns: 20_000 },
    )
  })

  test('has them also if prefixes before them begin or end in the same way', () => {
    const part = fc.constantFrom('10.1.', '10.2.', '1.10.', '2001:db8:', '2001:db9:', 'fd00:0:')
    const rest = fc.constantFrom(
      '0.0/16',
      '2.0/24',
      '2.1/24',
      '2.3/32',
      ':/32',
      ':/48',
      '1::/48',
      '1:2::/64',
      '::/64',
    )
    const odd = fc.constantFrom('10.0.0.0/8', '::/0', '10.1.2.0', 'none', '2001:db8:1:2:3::/80')
    const item = fc.oneof(
      { weight: 5, arbitrary: fc.tuple(part, rest).map((parts) => parts.join('')) },
      odd,
      anything,
    )
    let read = 0
    fc.assert(
      fc.property(fc.array(item, { maxLength: 12 }), (list) => {
        const valid = list.filter((written) => Array.isArray(outcomeOf(() => [parsePrefix(written)])))
        read += valid.length
        expect(outcomeOf(inNumbers(valid))).toEqual(outcomeOf(() => valid.map(parsePrefix)))
        expect(outcomeOf(inNumbers(list))).toEqual(outcomeOf(() => list.map(parsePrefix)))
      }),
      { numRuns: 5_000 },
    )
    expect(read).toBeGreaterThan(5_000)
  })

  test('keeps the order in which it is written', () => {
    const texts = ['fd00::/8', '10.0.0.0/8', '2001:db8:1::/48', '10.0.0.0/8']
    expect(prefixesIn(parseLongList(texts)).map(formatPrefix)).toEqual(texts)
  })

  test('is read as a whole only if it is long and right', () => {
    const many = Array.from({ length: 17 }, (_, i) => `10.${i}.0.0/16`)
    expect(readLongList(many)?.texts).toBe(many)
    for (const other of [
      many.slice(1),
      [...many, '10/8'],
      [...many, 8],
      [...many, ['10.0.0.0/8']],
      'many',
      undefined,
    ])
      expect(readLongList(other)).toBeUndefined()
  })
})

describe('the addresses of a long list', () => {
  /** Prefixes near each other, and near the ends of the address spaces. */
  const near = (bases: readonly bigint[], { bits, lengths }: { bits: number; lengths: readonly number[] }) =>
    fc
      .tuple(fc.constantFrom(...bases), fc.integer({ min: -3, max: 3 }), fc.constantFrom(...lengths))
      .map(([base, offset, length]): Prefix => {
        const size = BigInt(bits - length)
        const value = BigInt.asUintN(bits, ((base >> size) + BigInt(offset)) << size)
        const digits = value.toString(16).padStart(bits / 4, '0')
        return { family: bits === 32 ? 'ip' : 'ip6', digits, length }
      })
  const prefix = fc.oneof(
    near([0n, 0x0a000000n, 0xffffffffn], { bits: 32, lengths: [0, 1, 8, 15, 16, 24, 30, 31, 32] }),
    near([0n, 0x20010db8n << 96n, (1n << 128n) - 1n, 0x20010db8ffffffffn << 64n], {
      ...{ bits: 128, lengths: [0, 1, 31, 32, 33, 48, 63, 64] },
    }),
    near([0x20010db8n << 96n, (1n << 128n) - 1n], { bits: 128, lengths: [64, 65, 80, 127, 128] }),
  )
  const list = fc.array(prefix, { maxLength: 12 })
  const longOf = (prefixes: readonly Prefix[]) => parseLongList(prefixes.map(formatPrefix))
  test('are those of its prefixes, and of others', () => {
    fc.assert(
      fc.property(list, list, (own, others) => {
        const long = longOf(own)
        for (const family of FAMILY_NAMES) {
          expect(rangesIn(longestMatches(family, [others, long]))).toEqual(
            rangesIn(longestMatches(family, [[...own, ...others]])),
          )
        }
      }),
      { numRuns: 5_000 },
    )
  })

  test('are those of the longest prefix if some have exceptions', () => {
    fc.assert(
      fc.property(list, list, (own, exceptions) => {
        for (const family of FAMILY_NAMES)
          expect(rangesIn(longestMatches(family, [longOf(own)], exceptions))).toEqual(
            rangesIn(longestMatches(family, [own], exceptions)),
          )
      }),
      { numRuns: 2_000 },
    )
  })
})
