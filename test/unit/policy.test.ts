import { describe, expect, test } from 'vitest'
import { intentOf } from '../../src/config/intent'
import { parseConfig } from '../../src/config/parse'
import { NO_SOURCES } from '../../src/config/settings'
import { FAMILY_NAMES } from '../../src/policy/address'
import { decidePolicy, familiesLeftOut, wideSubnetWarnings } from '../../src/policy/decide'
import type { Intent } from '../../src/policy/intent'
import { parseAddressWithLength, parsePrefix } from '../../src/policy/prefix'
import { rangesIn } from '../../src/policy/range'
import { formatRange } from '../../src/policy/range-text'

const intent = (config: Record<string, unknown>) =>
  intentOf({ config: parseConfig(config), sources: NO_SOURCES }, '')

const policy = (config: Record<string, unknown>, ...addresses: string[]) =>
  decidePolicy(intent(config), addresses.map(parseAddressWithLength))

const exempt = (config: Record<string, unknown>, ...addresses: string[]) => {
  const { families } = policy(config, ...addresses)
  return FAMILY_NAMES.flatMap((family) => rangesIn(families[family]?.exempt ?? [])).map(formatRange)
}

const builtIns = ['169.254.0.0/16', '224.0.0.0/4', '255.255.255.255/32', 'fe80::/10', 'ff00::/8']

describe('exempt destinations', () => {
  test('by default: private networks and the built-ins', () => {
    expect(exempt({})).toEqual([
      ...[
        '10.0.0.0/8',
        '169.254.0.0/16',
        '172.16.0.0/12',
        '192.168.0.0/16',
        '224.0.0.0/4',
        '255.255.255.255/32',
      ],
      ...['fc00::/7', 'fe80::/10', 'ff00::/8'],
    ])
  })

  test('a list of one family replaces the default of both', () => {
    expect(exempt({ nonMasqueradeCIDRs: ['198.18.0.0/15'] })).toEqual([
      '169.254.0.0/16',
      '198.18.0.0/15',
      ...builtIns.slice(1),
    ])
  })

  test('an empty list leaves the built-ins', () => {
    expect(exempt({ nonMasqueradeCIDRs: [] })).toEqual(builtIns)
  })

  test.each([
    [{ masqLinkLocal: true }, builtIns.slice(1)],
    [{ masqLinkLocalIPv6: true }, builtIns.filter((prefix) => prefix !== 'fe80::/10')],
  ])('%j', (keys, expected) => {
    expect(exempt({ nonMasqueradeCIDRs: [], ...keys })).toEqual(expected)
  })

  test("the pod's own subnets, by the masks of its addresses", () => {
    expect(exempt({ nonMasqueradeCIDRs: [] }, '203.0.113.9/24', '2001:db8::9/64')).toEqual([
      ...['169.254.0.0/16', '203.0.113.0/24', '224.0.0.0/4', '255.255.255.255/32'],
      ...['2001:db8::/64', 'fe80::/10', 'ff00::/8'],
    ])
  })

  test.each([
    ['10.244.1.7/0', '0.0.0.0/0', 8],
    ['10.244.1.7/7', '10.0.0.0/7', 8],
    ['fd00::7/0', '::/0', 32],
    ['2001:db8::7/31', '2001:db8::/31', 32],
  ])('%s names no subnet of a pod’s, and would exempt the networks of others', (address, subnet, widest) => {
    const list = { nonMasqueradeCIDRs: ['192.0.2.0/24'] }
    expect(exempt(list, address)).toEqual(exempt(list))
    expect(wideSubnetWarnings([parseAddressWithLength(address)])).toEqual([
      `the subnet ${subnet} of prevResult is not exempt: it is wider than /${widest}; check the prefix length that the IPAM plugin assigns`,
    ])
  })

  test.each(['10.244.1.7/8', '2001:db8::7/32'])('%s is the widest that does', (address) => {
    const list = { nonMasqueradeCIDRs: ['192.0.2.0/24'] }
    expect(exempt(list, address)).not.toEqual(exempt(list))
    expect(wideSubnetWarnings([parseAddressWithLength(address)])).toEqual([])
  })

  test('a /32 or /128 names no neighbours', () => {
    expect(exempt({ nonMasqueradeCIDRs: [] }, '203.0.113.9/32', '2001:db8::9/128')).toEqual(builtIns)
  })

  test('everything', () => {
    expect(exempt({ nonMasqueradeCIDRs: ['::/0', '0.0.0.0/0'] })).toEqual(['0.0.0.0/0', '::/0'])
  })
})

describe('familiesLeftOut', () => {
  test.each([
    [['10.0.0.0/8'], ['10.1.0.2/24', 'fd00::2/64'], ['ip6']],
    [['10.0.0.0/8'], ['10.1.0.2/24'], []],
    [['fd00::/8'], ['10.1.0.2/24'], ['ip']],
    [[], ['10.1.0.2/24', 'fd00::2/64'], []],
    [undefined, ['10.1.0.2/24', 'fd00::2/64'], []],
  ])('%j for a pod with %j: %j', (nonMasqueradeCIDRs, addresses, expected) => {
    const asked = intent(nonMasqueradeCIDRs ? { nonMasqueradeCIDRs } : {})
    expect(familiesLeftOut(asked, addresses.map(parseAddressWithLength))).toEqual(expected)
  })

  test('the lists of all policies together, of which one may be empty', () => {
    const asked: Intent = {
      ...intent({}),
      policies: [
        { exceptions: [], snatTo: {} },
        { exceptions: [parsePrefix('10.0.0.0/8')], snatTo: {} },
      ],
    }
    const addresses = ['10.1.0.2/24', 'fd00::2/64'].map(parseAddressWithLength)
    expect(familiesLeftOut(asked, addresses)).toEqual(['ip6'])
  })

  test('not one that is not masqueraded', () => {
    const addresses = ['10.1.0.2/24', 'fd00::2/64'].map(parseAddressWithLength)
    expect(familiesLeftOut(intent({ nonMasqueradeCIDRs: ['10.0.0.0/8'], ipv6: false }), addresses)).toEqual(
      [],
    )
  })
})

describe('nonMasqueradeDefaults', () => {
  const reserved = [
    ...['10.0.0.0/8', '100.64.0.0/10', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24', '192.0.2.0/24'],
    ...[
      '192.88.99.0/24',
      '192.168.0.0/16',
      '198.18.0.0/15',
      '198.51.100.0/24',
      '203.0.113.0/24',
      '224.0.0.0/3',
    ],
    ...['64:ff9b:1::/48', '100::/64', '2001:db8::/32', '3fff::/20', 'fc00::/7', 'fe80::/10', 'ff00::/8'],
  ]
  test('reserved: what ip-masq-agent exempts, and its like for IPv6', () => {
    expect(exempt({ nonMasqueradeDefaults: 'reserved' })).toEqual(reserved)
  })

  test('private is the default', () => {
    expect(exempt({ nonMasqueradeDefaults: 'private' })).toEqual(exempt({}))
  })

  test('a list stands instead of either', () => {
    expect(exempt({ nonMasqueradeDefaults: 'reserved', nonMasqueradeCIDRs: [] })).toEqual(builtIns)
  })
})

describe('masqueradeCIDRs', () => {
  test('not 10/8, except 10.100.10.0/24', () => {
    expect(exempt({ nonMasqueradeCIDRs: ['10.0.0.0/8'], masqueradeCIDRs: ['10.100.10.0/24'] })).toEqual([
      ...['10.0.0.0-10.100.9.255', '10.100.11.0-10.255.255.255'],
      ...builtIns,
    ])
  })

  const own = ['10.244.1.7/24']
  test('10/8 does not reach the pod’s own /24', () => {
    expect(exempt({ nonMasqueradeCIDRs: [], masqueradeCIDRs: ['10.0.0.0/8'] }, ...own)).toEqual([
      '10.244.1.0/24',
      ...builtIns,
    ])
  })

  test('the own /24 does', () => {
    expect(exempt({ nonMasqueradeCIDRs: [], masqueradeCIDRs: ['10.244.1.0/24'] }, ...own)).toEqual(builtIns)
  })

  test.each([
    ['link-local', '169.254.0.0/16', builtIns.slice(1)],
    ['broadcast', '255.255.255.255/32', builtIns.filter((one) => !one.startsWith('255'))],
    ['multicast', '224.0.0.0/4', builtIns.filter((one) => !one.startsWith('224'))],
    ['link-local, IPv6', 'fe80::/10', builtIns.filter((one) => !one.startsWith('fe80'))],
  ])('of equal length: %s', (_, prefix, expected) => {
    expect(exempt({ nonMasqueradeCIDRs: [], masqueradeCIDRs: [prefix] })).toEqual(expected)
  })

  test('one address of link-local: the metadata server, and not the DNS cache', () => {
    expect(exempt({ nonMasqueradeCIDRs: [], masqueradeCIDRs: ['169.254.169.254/32'] }).slice(0, 2)).toEqual([
      '169.254.0.0-169.254.169.253',
      '169.254.169.255-169.254.255.255',
    ])
  })

  test('a prefix of the default list wins over it', () => {
    expect(exempt({ masqueradeCIDRs: ['10.0.0.0/8'] })).toEqual(
      exempt({}).filter((range) => range !== '10.0.0.0/8'),
    )
  })
})

describe('ipv4, ipv6', () => {
  test('a family that is off has no policy', () => {
    expect(Object.keys(policy({ ipv6: false }).families)).toEqual(['ip'])
    expect(Object.keys(policy({ ipv4: false }).families)).toEqual(['ip6'])
  })

  test('both off: one policy, whatever else is said', () => {
    expect(policy({ ipv4: false, ipv6: false, toPorts: '5-9', randomFully: false })).toEqual(
      policy({ ipv4: false, ipv6: false }),
    )
  })
})

describe('Destinations', () => {
  const withDestinations = (...Destinations: string[]) => ({
    policies: [{ name: 'EndpointPolicy', value: { Type: 'OutBoundNAT', Settings: { Destinations } } }],
  })

  test('limit one family, and leave the other un-masqueraded', () => {
    const { families } = policy(withDestinations('203.0.113.0/24', '203.0.112.0/24'))
    expect(families.ip?.destinations?.map(formatRange)).toEqual(['203.0.112.0/23'])
    expect(families.ip6).toBeUndefined()
  })

  test('limit both', () => {
    const { families } = policy(withDestinations('203.0.113.0/24', '2001:db8::/32'))
    expect(families.ip6?.destinations?.map(formatRange)).toEqual(['2001:db8::/32'])
  })
})
