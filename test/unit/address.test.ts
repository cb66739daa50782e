import { isIP } from 'node:net'
import fc from 'fast-check'
import ipaddr from 'ipaddr.js'
import { describe, expect, test } from 'vitest'
import { fromMapped, toMapped } from '../../src/policy/address'
import { formatAddress, parseAddress, parsePrinted } from '../../src/policy/address-text'

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
      expect(() => parseAddress(text)).toThrow('write an address')
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

describe('held against ipaddr.js and inet_pton', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    // Mostly zeros: the many ways to compress.
    fc
      .array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 })
      .map((list) => Uint8Array.from(list)),
  )
  const value = (list: readonly number[]) => list.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)

  /** The value that the WHATWG URL parser gives an IPv6 address; it prints hex groups only. */
  const valueInUrl = (text: string) => {
    const [head = '', tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split('::')
    const groups = [head, tail ?? ''].map((part) => part.split(':').filter((group) => group !== ''))
    const zeros = Array(8 - groups.flat().length).fill('0')
    const all = [...(groups[0] ?? []), ...zeros, ...(groups[1] ?? [])]
    return BigInt(`0x${all.map((group) => group.padStart(4, '0')).join('')}`)
  }

  test('every IPv6 address is printed and read the same', () => {
    fc.assert(
      fc.property(bytes, (list) => {
        const theirs = new ipaddr.IPv6([...list])
        const own = { family: 'ip6' as const, value: value([...list]) }
        const expected = theirs.isIPv4MappedAddress()
          ? `::ffff:${theirs.toIPv4Address()}`
          : theirs.toRFC5952String()
        expect(formatAddress(own)).toBe(expected)
        for (const text of [
          theirs.toRFC5952String(),
          theirs.toNormalizedString(),
          theirs.toRFC5952String().toUpperCase(),
        ]) {
          expect(parsePrinted(text)).toEqual(own)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('what is read is an address, and means the same', () => {
    const text = fc.string({ unit: fc.constantFrom(...'0123456789abcdefF:.::'), maxLength: 24 })
    const near = fc
      .tuple(fc.ipV6(), fc.nat(40), fc.constantFrom('', ':', '0', 'g', '1.2.3.4', '%', ' '))
      .map(([ip, at, more]) => ip.slice(0, at) + more + ip.slice(at + 1))
    fc.assert(
      fc.property(fc.oneof(text, near), (candidate) => {
        const own = parsePrinted(candidate)
        const version = candidate.includes('%') ? 0 : isIP(candidate)
        expect(own?.family).toBe({ 0: undefined, 4: 'ip', 6: 'ip6' }[version])
        // Not ipaddr.js here: it takes ::10.0.0.1 for the mapped ::ffff:10.0.0.1.
        if (own?.family === 'ip6') expect(own.value).toBe(valueInUrl(candidate))
      }),
      { numRuns: 20_000 },
    )
  })
})
