import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contains, disjoint, formatPrefix, parsePrefix, subnetOf } from '../../src/policy/prefix'

describe('parsePrefix', () => {
  test.each(['0.0.0.0/0', '10.0.0.0/8', '10.0.0.1/32', '::/0', 'fc00::/7', '2001:db8::1/128'])(
    'reads %s',
    (text) => {
      expect(formatPrefix(parsePrefix(text))).toBe(text)
    },
  )

  test.each([
    ['10.1/8', 'write all four octets, as in "10.0.0.0/8"'],
    ['010.0.0.0/8', 'write the octets without leading zeros, as in "10.0.0.0/8"'],
    ['10.0.0.1/8', 'write the network "10.0.0.0/8", or "10.0.0.1/32" for the one address'],
    ['fd00::1/8', 'write the network "fd00::/8", or "fd00::1/128" for the one address'],
    ['1.2.3.4', 'add the prefix length, as in "1.2.3.4/32"'],
    ['fd00::1', 'add the prefix length, as in "fd00::1/128"'],
    ['1.2.3.4/33', 'write a prefix length from 0 to 32 for IPv4'],
    ['fd00::/129', 'write a prefix length from 0 to 128 for IPv6'],
    ['10.0.0.0/', 'write a prefix length from 0 to 32 for IPv4'],
    ['10.0.0.0/08', 'write a prefix length from 0 to 32 for IPv4'],
    ['10.0.0.0/-1', 'write a prefix length from 0 to 32 for IPv4'],
    ['10.0.0.0/8/8', 'write a prefix length from 0 to 32 for IPv4'],
    ['10.0.0.0/255.0.0.0', 'write a prefix length from 0 to 32 for IPv4'],
    ['', 'write a CIDR, as in "10.0.0.0/8", or remove the empty item'],
    ['  ', 'write a CIDR, as in "10.0.0.0/8", or remove the empty item'],
    [' 10.0.0.0/8', 'remove the white space'],
    ['10.0.0.0/8\n', 'write a prefix length from 0 to 32 for IPv4'],
    ['::ffff:10.0.0.0/104', 'write the IPv4 form, "10.0.0.0", with an IPv4 prefix length'],
    ['everything', 'write a CIDR, as in "10.0.0.0/8" or "fd00::/8"'],
  ])('refuses "%s"', (text, advice) => {
    expect(() => parsePrefix(text)).toThrow(advice)
  })
})

describe('disjoint', () => {
  const cases: [string, string[], string[]][] = [
    ['nothing', [], []],
    ['duplicates', ['10.0.0.0/8', '10.0.0.0/8'], ['10.0.0.0/8']],
    ['one inside another', ['10.1.0.0/16', '10.0.0.0/8', '10.255.255.255/32'], ['10.0.0.0/8']],
    ['halves', ['10.128.0.0/9', '10.0.0.0/9'], ['10.0.0.0/8']],
    ['quarters, which make halves', ['0.0.0.0/2', '64.0.0.0/2', '192.0.0.0/2', '128.0.0.0/2'], ['0.0.0.0/0']],
    ['neighbours that are no halves', ['10.0.1.0/24', '10.0.2.0/24'], ['10.0.1.0/24', '10.0.2.0/24']],
    ['everything and a part of it', ['::/0', 'fc00::/7'], ['::/0']],
    ['the end of the address space', ['255.255.255.255/32', '240.0.0.0/4'], ['240.0.0.0/4']],
  ]
  test.each(cases)('%s', (_, input, expected) => {
    expect(disjoint(input.map(parsePrefix)).map(formatPrefix)).toEqual(expected)
  })

  // An address space of 8 bits, small enough to look at every address: 203.0.113.0 to 203.0.113.255.
  const inside = fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 32 }))
    .map(([host, length]) => subnetOf({ family: 'ip', value: 0xcb007100n + BigInt(host) }, length))

  test('covers just what was given, each address once, with the fewest prefixes', () => {
    fc.assert(
      fc.property(fc.array(inside, { maxLength: 20 }), (prefixes) => {
        const result = disjoint(prefixes)
        let runs = 0
        for (let host = 0; host < 256; host++) {
          const address = { family: 'ip' as const, value: 0xcb007100n + BigInt(host), length: 32 }
          const wanted = prefixes.some((prefix) => contains(prefix, address))
          expect(result.filter((prefix) => contains(prefix, address)).length).toBe(wanted ? 1 : 0)
        }
        for (const [i, prefix] of result.entries()) {
          const next = result[i + 1]
          if (next) expect(prefix.value).toBeLessThan(next.value)
          const parent = subnetOf(prefix, prefix.length - 1)
          if (next && next.length === prefix.length && contains(parent, next)) runs += 1
        }
        expect(runs).toBe(0)
      }),
      { numRuns: 500 },
    )
  })

  test('does not depend on the order', () => {
    fc.assert(
      fc.property(fc.array(inside, { maxLength: 12 }), (prefixes) => {
        expect(disjoint([...prefixes].reverse())).toEqual(disjoint(prefixes))
      }),
    )
  })
})
