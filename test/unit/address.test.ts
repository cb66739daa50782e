import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatAddress, fromMapped, parseAddress, parsePrinted, toMapped } from '../../src/policy/address'

describe('parseAddress', () => {
  test.each([
    ['10.0.0.1', 'ip', 0x0a000001n],
    ['255.255.255.255', 'ip', 0xffffffffn],
    ['0.0.0.0', 'ip', 0n],
    ['::', 'ip6', 0n],
    ['fd00::1', 'ip6', 0xfd000000000000000000000000000001n],
    ['FD00::1', 'ip6', 0xfd000000000000000000000000000001n],
    ['64:ff9b::192.0.2.1', 'ip6', 0x0064ff9b0000000000000000c0000201n],
  ])('reads %s', (text, family, value) => {
    expect(parseAddress(text)).toEqual({ family, value })
  })

  test.each([
    ['10.1', 'write all four octets, as in "10.0.0.0"'],
    ['010.0.0.1', 'write the octets without leading zeros, as in "10.0.0.1"'],
    ['10.0.0.256', 'write an address, as in "10.0.0.1" or "fd00::1"'],
    ['0x0a.0.0.1', 'write an address, as in "10.0.0.1" or "fd00::1"'],
    ['10.0.0.1.2', 'write an address, as in "10.0.0.1" or "fd00::1"'],
    ['pod', 'write an address, as in "10.0.0.1" or "fd00::1"'],
    ['10.0.0.1 ', 'remove the white space'],
    ['fe80::1%eth0', 'leave out the zone ("%" and what follows)'],
  ])('refuses %s', (text, advice) => {
    expect(() => parseAddress(text)).toThrow(advice)
  })

  test.each(['::ffff:10.0.0.1', '::ffff:a00:1'])('refuses the mapped %s', (text) => {
    expect(() => parseAddress(text)).toThrow('write the IPv4 form, "10.0.0.1", with an IPv4 prefix length')
  })

  test.each(['1::2::3', '12345::', ':1', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', 'g::', '::1.2.3'])(
    'refuses %s',
    (text) => {
      expect(() => parseAddress(text)).toThrow('write a CIDR')
    },
  )
})

describe('formatAddress', () => {
  test.each([
    '10.0.0.1',
    '::',
    '::1',
    'fd00::1',
    '2001:db8:0:1:1:1:1:1',
    '2001:db8::1:0:0:1',
    '::ffff:10.0.0.1',
  ])('prints %s as inet_ntop does', (text) => {
    const address = parsePrinted(text)
    expect(address && formatAddress(address)).toBe(text)
  })

  test('is undone by both parsers', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const address = parsePrinted(new URL(`http://[${text}]`).hostname.slice(1, -1))
        expect(address && parsePrinted(formatAddress(address))).toEqual(address)
      }),
    )
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        expect(formatAddress(parseAddress(text))).toBe(text)
        expect(parsePrinted(text)).toEqual(parseAddress(text))
      }),
    )
  })
})

test('an IPv4 address and its mapped form are one value', () => {
  const address = parseAddress('10.0.0.1')
  expect(toMapped(address)).toBe(0xffff0a000001n)
  expect(fromMapped(0xffff0a000001n)).toEqual(address)
})

test.each(['', 'goto', '10.0.0', '10.0.0.0/8', '::g', '1:2', '1-2'])(
  'parsePrinted finds no address in "%s"',
  (text) => {
    expect(parsePrinted(text)).toBeUndefined()
  },
)
