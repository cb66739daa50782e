import { describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/config/parse'
import { decidePolicy, familiesLeftOut } from '../../src/policy/policy'
import { formatPrefix, parseAddressWithLength } from '../../src/policy/prefix'

const exempt = (config: Record<string, unknown>, ...addresses: string[]) => {
  const { ip, ip6 } = decidePolicy(parseConfig(config), addresses.map(parseAddressWithLength)).exempt
  return [...ip, ...ip6].map(formatPrefix)
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
    const config = parseConfig(nonMasqueradeCIDRs ? { nonMasqueradeCIDRs } : {})
    expect(familiesLeftOut(config, addresses.map(parseAddressWithLength))).toEqual(expected)
  })
})
