import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { firstMatchRules } from '../../src/policy/first-match'
import { longestMatches } from '../../src/policy/longest-matches'
import { formatPrefix, parsePrefix, prefixOf, subnetOf } from '../../src/policy/prefix'
import { rangesIn } from '../../src/policy/range'

const rules = (family: 'ip' | 'ip6', exempt: readonly string[], not: readonly string[] = []) =>
  firstMatchRules(
    family,
    rangesIn(longestMatches(family, [exempt.map(parsePrefix)], not.map(parsePrefix))).map((range) => ({
      range,
      verdict: 'exempt',
    })),
    'other',
  ).map(({ prefix, verdict }) => `${formatPrefix(prefix)} ${verdict}`)

describe('firstMatchRules', () => {
  test.each<[string, string[], string[], string[]]>([
    ['nothing', [], [], ['0.0.0.0/0 other']],
    ['everything', ['0.0.0.0/0'], [], ['0.0.0.0/0 exempt']],
    [
      'two prefixes',
      ['10.0.0.0/8', '172.16.0.0/12'],
      [],
      ['172.16.0.0/12 exempt', '10.0.0.0/8 exempt', '0.0.0.0/0 other'],
    ],
    [
      'a prefix without one address: two rules, not 24',
      ['10.0.0.0/8'],
      ['10.2.3.4/32'],
      ['10.2.3.4/32 other', '10.0.0.0/8 exempt', '0.0.0.0/0 other'],
    ],
    ['everything but a prefix', ['0.0.0.0/0'], ['10.0.0.0/8'], ['10.0.0.0/8 other', '0.0.0.0/0 exempt']],
    [
      'a range that is no prefix',
      ['10.0.1.0/24', '10.0.2.0/24'],
      [],
      ['10.0.1.0/24 exempt', '10.0.2.0/24 exempt', '0.0.0.0/0 other'],
    ],
  ])('%s', (_, exempt, not, expected) => {
    expect(rules('ip', exempt, not)).toEqual(expected)
  })

  test('IPv6, to the end of the address space', () => {
    expect(rules('ip6', ['ff00::/8', 'fc00::/7'], ['fd00::1/128'])).toEqual([
      'fd00::1/128 other',
      'ff00::/8 exempt',
      'fc00::/7 exempt',
      '::/0 other',
    ])
  })

  // An address space of 8 bits: 203.0.113.0 to 203.0.113.255.
  const inside = fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 32 }))
    .map(([host, length]) => subnetOf({ family: 'ip', value: 0xcb007100n + BigInt(host) }, length))
  const list = fc.array(inside, { maxLength: 12 })

  test('the first that matches says what the ranges say, and they are no more than the prefixes written', () => {
    fc.assert(
      fc.property(list, list, (exempt, not) => {
        const ranges = rangesIn(longestMatches('ip', [exempt], not))
        const found = firstMatchRules(
          'ip',
          ranges.map((range) => ({ range, verdict: true })),
          false,
        )
        for (let host = 0; host < 256; host++) {
          const { digits } = subnetOf({ family: 'ip', value: 0xcb007100n + BigInt(host) }, 32)
          const first = found.find(
            ({ prefix }) =>
              subnetOf({ family: 'ip', value: BigInt(`0x${digits}`) }, prefix.length).digits ===
              prefix.digits,
          )
          expect(first?.verdict).toBe(ranges.some((range) => range.first <= digits && digits < range.end))
        }
        expect(found.length).toBeLessThanOrEqual(exempt.length + not.length + 1)
      }),
      { numRuns: 300 },
    )
  })

  test('three verdicts', () => {
    const [range] = rangesIn(longestMatches('ip', [[prefixOf('10.0.0.0/8')]]))
    const [other] = rangesIn(longestMatches('ip', [[prefixOf('11.0.0.0/8')]]))
    if (!range || !other) throw new Error('no ranges')
    const found = firstMatchRules(
      'ip',
      [
        { range: other, verdict: 'b' },
        { range, verdict: 'a' },
      ],
      'c',
    )
    expect(found.map(({ prefix, verdict }) => `${formatPrefix(prefix)} ${verdict}`)).toEqual([
      '10.0.0.0/8 a',
      '11.0.0.0/8 b',
      '0.0.0.0/0 c',
    ])
  })
})
