import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FAMILY_NAMES, type Family } from '../../src/policy/address'
import { longestMatches } from '../../src/policy/longest-matches'
import { type Prefix, parsePrefix, subnetOf } from '../../src/policy/prefix'
import { endsOf, rangesIn } from '../../src/policy/range'
import { formatEnds, formatRange, parsePrintedRange } from '../../src/policy/range-text'

const matching = (family: Family, chosen: readonly Prefix[], others: readonly Prefix[] = []) =>
  rangesIn(longestMatches(family, [chosen], others))

const matches = (chosen: readonly string[], others: readonly string[] = []) =>
  FAMILY_NAMES.flatMap((family) => matching(family, chosen.map(parsePrefix), others.map(parsePrefix))).map(
    formatRange,
  )

describe('longestMatches', () => {
  const cases: [string, string[], string[]][] = [
    ['nothing', [], []],
    ['duplicates', ['10.0.0.0/8', '10.0.0.0/8'], ['10.0.0.0/8']],
    ['one inside another', ['10.1.0.0/16', '10.0.0.0/8', '10.255.255.255/32'], ['10.0.0.0/8']],
    ['halves', ['10.128.0.0/9', '10.0.0.0/9'], ['10.0.0.0/8']],
    ['quarters, which make halves', ['0.0.0.0/2', '64.0.0.0/2', '192.0.0.0/2', '128.0.0.0/2'], ['0.0.0.0/0']],
    ['neighbours that are no halves', ['10.0.1.0/24', '10.0.2.0/24'], ['10.0.1.0-10.0.2.255']],
    ['everything and a part of it', ['::/0', 'fc00::/7'], ['::/0']],
    ['the end of the address space', ['255.255.255.255/32', '240.0.0.0/4'], ['240.0.0.0/4']],
    ['both families', ['fd00::/8', '10.0.0.0/8'], ['10.0.0.0/8', 'fd00::/8']],
    ['the ends of IPv6', ['::/128', 'ffff::/16', 'fffe::/16'], ['::/128', 'fffe::/15']],
  ]
  test.each(cases)('of one list: %s', (_, input, expected) => {
    expect(matches(input)).toEqual(expected)
  })

  const exceptions: [string, string[], string[], string[]][] = [
    [
      'a part is taken out',
      ['10.0.0.0/8'],
      ['10.100.10.0/24'],
      ['10.0.0.0-10.100.9.255', '10.100.11.0-10.255.255.255'],
    ],
    ['at the start', ['10.0.0.0/8'], ['10.0.0.0/32'], ['10.0.0.1-10.255.255.255']],
    ['at the end', ['10.0.0.0/8'], ['10.255.255.255/32'], ['10.0.0.0-10.255.255.254']],
    [
      'a part of the part is back',
      ['10.0.0.0/8', '10.1.1.0/24'],
      ['10.1.0.0/16'],
      ['10.0.0.0/16', '10.1.1.0/24', '10.2.0.0-10.255.255.255'],
    ],
    ['a shorter exception reaches nothing', ['10.244.1.0/24'], ['10.0.0.0/8'], ['10.244.1.0/24']],
    ['at equal length the exception stands', ['10.0.0.0/8'], ['10.0.0.0/8'], []],
    ['also when it comes twice', ['10.0.0.0/8', '10.0.0.0/8'], ['10.0.0.0/8', '10.0.0.0/8'], []],
    ['halves as exceptions to everything', ['0.0.0.0/0'], ['0.0.0.0/1', '128.0.0.0/1'], []],
    ['an exception elsewhere', ['10.0.0.0/8'], ['192.168.0.0/16'], ['10.0.0.0/8']],
    ['everything but one', ['::/0'], ['::1/128'], ['::/128', '::2-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff']],
  ]
  test.each(exceptions)('with exceptions: %s', (_, chosen, others, expected) => {
    expect(matches(chosen, others)).toEqual(expected)
  })

  // An address space of 8 bits, small enough to look at every address: 203.0.113.0 to 203.0.113.255.
  const inside = fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 32 }))
    .map(([host, length]) => subnetOf({ family: 'ip', value: 0xcb007100n + BigInt(host) }, length))
  const list = fc.array(inside, { maxLength: 20 })

  const longest = (prefixes: readonly Prefix[], address: bigint) =>
    Math.max(
      -1,
      ...prefixes
        .filter(
          ({ family, length, digits }) => subnetOf({ family, value: address }, length).digits === digits,
        )
        .map(({ length }) => length),
    )

  test('holds the addresses that the longest prefix says, in ranges that do not touch', () => {
    fc.assert(
      fc.property(list, list, (chosen, others) => {
        const result = matching('ip', chosen, others)
        const numbers = result.map((range) => {
          const [first, last = first] = endsOf(range).map(({ value }) => value)
          return [first ?? -1n, last ?? -1n] as const
        })
        for (let address = 0xcb007100n; address <= 0xcb0071ffn; address++) {
          const wanted = longest(chosen, address) > longest(others, address)
          expect(numbers.some(([first, last]) => first <= address && address <= last)).toBe(wanted)
        }
        for (const [i, [first, last]] of numbers.entries()) {
          expect(first).toBeLessThanOrEqual(last)
          const next = numbers[i + 1]
          if (next) expect(last + 1n).toBeLessThan(next[0])
        }
      }),
      { numRuns: 500 },
    )
  })

  test('of one list, holds what it holds with an exception elsewhere', () => {
    const elsewhere = [parsePrefix('192.0.2.0/24')]
    fc.assert(
      fc.property(list, (chosen) => {
        expect(matching('ip', chosen)).toEqual(matching('ip', chosen, elsewhere))
      }),
      { numRuns: 2_000 },
    )
  })

  test('does not depend on the order', () => {
    fc.assert(
      fc.property(list, list, (chosen, others) => {
        expect(matching('ip', [...chosen].reverse(), [...others].reverse())).toEqual(
          matching('ip', chosen, others),
        )
      }),
    )
  })
})

describe('a printed range', () => {
  test.each([
    ['10.0.0.0/8', '10.0.0.0/8', '10.0.0.0-10.255.255.255'],
    ['10.0.0.1', '10.0.0.1/32', '10.0.0.1'],
    ['10.0.0.1-10.0.0.5', '10.0.0.1-10.0.0.5', '10.0.0.1-10.0.0.5'],
    ['10.0.0.0-10.0.0.7', '10.0.0.0/29', '10.0.0.0-10.0.0.7'],
    ['::ffff:1.2.3.0/125', '::ffff:1.2.3.0/125', '::ffff:1.2.3.0-::ffff:1.2.3.7'],
    ['::/0', '::/0', '::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ])('%s is %s, or %s', (text, asElement, asEnds) => {
    const range = parsePrintedRange(text)
    expect(range && formatRange(range)).toBe(asElement)
    expect(range && formatEnds(range)).toBe(asEnds)
  })

  test.each([
    '',
    'lo',
    '10.0.0.1-',
    '-10.0.0.1',
    '10.0.0.1-x',
    '1.1.1.1-1.1.1.2-1.1.1.3',
    '10.0.0.0/8 comment "x"',
    '10.0.0.0/',
  ])('"%s" is none', (text) => {
    expect(parsePrintedRange(text)).toBeUndefined()
  })
})
