import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatPrefix, parseAddressOrPrefix, parsePrefix } from '../../src/policy/prefix'
import { prefixParser } from '../../src/policy/prefix-list'

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
    ['0.0.0.0/33', 'write a prefix length from 0 to 32 for IPv4'],
    ['fd00::/129', 'write a prefix length from 0 to 128 for IPv6'],
    ['::/129', 'write a prefix length from 0 to 128 for IPv6'],
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

test('an address alone is a prefix for Windows only', () => {
  expect(formatPrefix(parseAddressOrPrefix('10.0.0.1'))).toBe('10.0.0.1/32')
  expect(formatPrefix(parseAddressOrPrefix('fd00::1'))).toBe('fd00::1/128')
  expect(formatPrefix(parseAddressOrPrefix('10.0.0.0/8'))).toBe('10.0.0.0/8')
  expect(() => parseAddressOrPrefix('10.0.0')).toThrow('write all four octets')
})

test('a long list is read as a short one is', () => {
  const [one, many] = [prefixParser(1), prefixParser(10_000)]
  const outcomeOf = (parse: typeof one, text: string) => {
    try {
      return parse(text)
    } catch (error) {
      return String(error)
    }
  }
  const octet = fc.oneof(
    fc.nat(299).map(String),
    { weight: 3, arbitrary: fc.constantFrom('0', '128') },
    fc.constantFrom('00', '010', '', '-1', 'x'),
  )
  const ipv4 = fc.array(octet, { minLength: 3, maxLength: 5 }).map((octets) => octets.join('.'))
  const group = fc.oneof(fc.nat(0xfffff), fc.constantFrom(0, 0x80, 0x8000)).map((value) => value.toString(16))
  const ipv6 = fc
    .tuple(
      fc.array(group, { maxLength: 5 }),
      fc.constantFrom('::', ':', ''),
      fc.array(group, { maxLength: 4 }),
    )
    .map(([head, gap, tail]) => `${head.join(':')}${gap}${tail.join(':')}`)
  const length = fc.oneof(
    fc.nat(140).map(String),
    fc.constantFrom('8', '9', '16', '128', '129', '', '08', '+8', '8 '),
  )
  const text = fc.tuple(fc.oneof(ipv4, ipv6), length).map(([address, bits]) => `${address}/${bits}`)
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
  )
  fc.assert(
    fc.property(fc.oneof(text, chosen), (written) => {
      expect(outcomeOf(many, written)).toEqual(outcomeOf(one, written))
    }),
    { numRuns: 20_000 },
  )
})
