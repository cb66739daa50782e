import { describe, expect, test } from 'vitest'
import { formatPrefix, parseAddressOrPrefix, parsePrefix } from '../../src/policy/prefix'

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
