import { describe, expect, test } from 'vitest'
import { distinctAddresses, parseAddresses } from '../../src/cni/prev-result'
import { formatAddress } from '../../src/policy/address-text'

const host = { name: 'cni0' }
const sandbox = { name: 'eth0', sandbox: '/run/netns/a' }

const select = (prevResult: Record<string, unknown>, ifname = 'eth0') =>
  distinctAddresses(parseAddresses(prevResult, ifname)).map(formatAddress)

describe('the addresses of an attachment', () => {
  test.each([
    ['no ips', {}, []],
    ['null ips', { ips: null }, []],
    ['no interfaces at all', { ips: [{ address: '10.0.0.2/24' }] }, ['10.0.0.2']],
    [
      'on the sandbox interface, not on the host',
      {
        interfaces: [host, sandbox],
        ips: [
          { address: '10.0.0.1/24', interface: 0 },
          { address: '10.0.0.2/24', interface: 1 },
        ],
      },
      ['10.0.0.2'],
    ],
    [
      'all that point at the host, when none says otherwise',
      { interfaces: [host, sandbox], ips: [{ address: '10.0.0.2/24', interface: 0 }] },
      ['10.0.0.2'],
    ],
    [
      'all, when the index is out of range',
      {
        interfaces: [host, sandbox],
        ips: [{ address: '10.0.0.2/24', interface: 7 }, { address: 'fd00::2/64' }],
      },
      ['10.0.0.2', 'fd00::2'],
    ],
    [
      'all, when the index is no index',
      {
        interfaces: [host, sandbox],
        ips: [
          { address: '10.0.0.2/24', interface: null },
          { address: 'fd00::2/64', interface: -1 },
        ],
      },
      ['10.0.0.2', 'fd00::2'],
    ],
    [
      'of another interface of the same sandbox: not ours',
      {
        interfaces: [{ ...sandbox, name: 'net1' }, sandbox],
        ips: [
          { address: '10.9.0.2/24', interface: 0 },
          { address: '10.0.0.2/24', interface: 1 },
        ],
      },
      ['10.0.0.2'],
    ],
    [
      'an interface of that name on the host is not the sandbox',
      {
        interfaces: [{ name: 'eth0', sandbox: '' }, sandbox],
        ips: [
          { address: '10.0.0.1/24', interface: 0 },
          { address: '10.0.0.2/24', interface: 1 },
        ],
      },
      ['10.0.0.2'],
    ],
    [
      'the version field of 0.4.0 and earlier',
      {
        ips: [
          { version: '4', address: '10.0.0.2/24' },
          { version: '6', address: 'fd00::2/64' },
        ],
      },
      ['10.0.0.2', 'fd00::2'],
    ],
    ['one address twice', { ips: [{ address: '10.0.0.2/24' }, { address: '10.0.0.2/16' }] }, ['10.0.0.2']],
  ])('%s', (_, prevResult, expected) => {
    expect(select(prevResult)).toEqual(expected)
  })

  test('thousands are taken in one go', () => {
    const ips = Array.from({ length: 200_000 }, (_, i) => ({
      address: `10.${(i >> 8) % 100}.${i & 255}.1/24`,
    }))
    expect(select({ ips })).toHaveLength(100 * 256)
  })

  test.each([
    ['0.0.0.0/0', 'an address in 0.0.0.0/8'],
    ['0.1.2.3/24', 'an address in 0.0.0.0/8'],
    ['127.0.0.1/8', 'a loopback address'],
    ['224.0.0.1/24', 'a multicast address'],
    ['239.255.255.255/32', 'a multicast address'],
    ['255.255.255.255/32', 'the broadcast address'],
    ['::/0', 'an address in ::/96'],
    ['::1/128', 'an address in ::/96'],
    ['::10.0.0.2/96', 'an address in ::/96'],
    ['ff02::1/64', 'a multicast address'],
  ])('%s is no pod’s', (address, kind) => {
    expect(() => select({ ips: [{ address: '10.0.0.2/24' }, { address }] })).toThrow(
      expect.objectContaining({
        reason: 'invalidConfig',
        message: `Cannot use prevResult.ips[1].address "${address}": a pod cannot have ${kind}; check the address ranges of the IPAM plugin`,
      }),
    )
  })

  test('addresses of other interfaces may be of any kind', () => {
    const interfaces = [
      { name: 'lo', sandbox: '/var/run/netns/a' },
      { name: 'eth0', sandbox: '/var/run/netns/a' },
    ]
    const ips = [
      { address: '127.0.0.1/8', interface: 0 },
      { address: '::1/128', interface: 0 },
      { address: '10.0.0.2/24', interface: 1 },
    ]
    expect(select({ interfaces, ips })).toEqual(['10.0.0.2'])
  })

  test('an IPv4 address in IPv6’s clothes is none either', () => {
    expect(() => select({ ips: [{ address: '::ffff:10.0.0.2/120' }] })).toThrow('write the IPv4 form')
  })

  test.each([
    '1.0.0.1/24',
    '126.0.0.1/8',
    '128.0.0.1/8',
    '169.254.1.2/16',
    '223.255.255.1/24',
    '240.0.0.1/24',
    '255.255.255.254/32',
    '::1:0:0:1/64',
    'fe80::1/64',
    'fd00::/64',
  ])('%s may be one’s', (address) => {
    expect(select({ ips: [{ address }] })).toHaveLength(1)
  })

  test.each([
    [{ ips: 'none' }, 'Cannot use prevResult.ips "none": it is not a list'],
    [{ ips: [null] }, 'Cannot use prevResult.ips[0] null: it has no address'],
    [{ ips: [{ address: 10 }] }, 'Cannot use prevResult.ips[0] {"address":10}: it has no address'],
    [
      { ips: [{ address: '10.0.0.2' }] },
      'Cannot use prevResult.ips[0].address "10.0.0.2": add the prefix length, as in "10.0.0.2/32"',
    ],
    [
      { ips: [{ address: '10.0.0.2/24' }, { address: 'x' }] },
      'Cannot use prevResult.ips[1].address "x": write a CIDR, as in "10.0.0.0/8" or "fd00::/8"',
    ],
  ])('refuses %j', (prevResult, message) => {
    expect(() => select(prevResult)).toThrow(expect.objectContaining({ reason: 'invalidConfig', message }))
  })
})
