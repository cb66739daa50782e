import { describe, expect, test } from 'vitest'
import { intentOf } from '../../src/config/intent'
import { parseConfig } from '../../src/config/parse'
import { NO_SOURCES } from '../../src/config/settings'
import { warningsOf } from '../../src/config/warnings'
import { parseAddress } from '../../src/policy/address-text'
import { decidePolicy } from '../../src/policy/decide'
import { parseAddressWithLength } from '../../src/policy/prefix'
import { rangeBetween, rangesIn } from '../../src/policy/range'
import { formatEnds } from '../../src/policy/range-text'

/** The rows of docs/windows.md: several OutBoundNAT policies act each for itself. */

const nat = (value: Record<string, unknown>) => ({
  Name: 'EndpointPolicy',
  Value: { Type: 'OutBoundNAT', ...value },
})

const settingsOf = (policies: unknown, keys = {}) => ({
  config: parseConfig({ policies, ...keys }),
  sources: NO_SOURCES,
})

/** `exempt`, `untouched`, `masqueraded`, or the source that is named. */
const outcome = (policies: unknown, destination: string, keys = {}) => {
  const pod = [parseAddressWithLength('10.77.1.2/24'), parseAddressWithLength('fd77::2/64')]
  const { families } = decidePolicy(intentOf(settingsOf(policies, keys), ''), pod)
  const address = parseAddress(destination)
  const { first } = rangeBetween(address, address)
  const isIn = (ranges: readonly { first: string; end: string }[]) =>
    ranges.some((range) => range.first <= first && first < range.end)
  const family = families[address.family]
  if (!family) return 'untouched'
  if (isIn(rangesIn(family.exempt))) return 'exempt'
  const special = family.special?.filter(({ destinations }) => isIn(destinations)) ?? []
  expect(special.length).toBeLessThan(2)
  if (special[0]) return special[0].snatTo ? formatEnds(special[0].snatTo) : 'masqueraded'
  if (family.destinations && !isIn(family.destinations)) return 'untouched'
  return family.snatTo ? formatEnds(family.snatTo) : 'masqueraded'
}

const WITH_SOURCE = [
  nat({ Settings: { Exceptions: ['192.168.0.0/16', '11.0.0.0/8', '10.124.24.0/23'] } }),
  nat({
    Settings: {
      VirtualIP: 'fc00::123',
      Destinations: ['fd01::192', 'fd01::193'],
      Exceptions: ['fd03::100/120'],
    },
  }),
]
const LOOPBACK = [
  nat({ ExceptionList: ['10.244.0.0/16', '10.96.0.0/12'] }),
  nat({ Destinations: ['10.244.3.4'] }),
]
const TWO_LISTS = [nat({ Exceptions: ['10.0.0.0/8'] }), nat({ Exceptions: ['192.168.0.0/16'] })]
const TWO_DESTINATIONS = [nat({ Destinations: ['172.16.0.12'] }), nat({ Destinations: ['203.0.113.0/24'] })]
const ONE_EACH = [nat({ Exceptions: ['10.0.0.0/8'] }), nat({ Settings: { Exceptions: ['fd00::/8'] } })]
const SILENT = [nat({ MaxPortPoolUsage: 7 }), nat({ Exceptions: ['10.0.0.0/8'] })]
const TWO_FAMILIES = [nat({ VirtualIP: '192.0.2.1' }), nat({ VirtualIP: '2001:db8::1' })]

describe.each([
  ['in this order', (policies: readonly unknown[]) => policies],
  ['the other way round', (policies: readonly unknown[]) => [...policies].reverse()],
] as const)('%s', (_, inOrder) => {
  test.each<[string, readonly unknown[], string, string]>([
    ['a source for some destinations', WITH_SOURCE, '7.7.7.7', 'masqueraded'],
    ['a source for some destinations', WITH_SOURCE, '11.1.1.1', 'exempt'],
    ['a source for some destinations', WITH_SOURCE, 'fd01::192', 'fc00::123'],
    ['a source for some destinations', WITH_SOURCE, 'fd01::193', 'fc00::123'],
    ['a source for some destinations', WITH_SOURCE, 'fd01::200', 'masqueraded'],
    ['a source for some destinations', WITH_SOURCE, 'fd03::101', 'masqueraded'],
    ['loopback DSR', LOOPBACK, '7.7.7.7', 'masqueraded'],
    ['loopback DSR', LOOPBACK, '10.244.9.9', 'exempt'],
    ['loopback DSR', LOOPBACK, '10.244.3.4', 'masqueraded'],
    ['loopback DSR', LOOPBACK, 'fd00::1', 'masqueraded'],
    ['two lists of exceptions', TWO_LISTS, '10.1.1.1', 'masqueraded'],
    ['two lists of exceptions', TWO_LISTS, '192.168.1.1', 'masqueraded'],
    ['two lists of destinations', TWO_DESTINATIONS, '7.7.7.7', 'untouched'],
    ['two lists of destinations', TWO_DESTINATIONS, '203.0.113.9', 'masqueraded'],
    ['two lists of destinations', TWO_DESTINATIONS, 'fd00::1', 'untouched'],
    ['exceptions for each family', ONE_EACH, '10.1.1.1', 'exempt'],
    ['exceptions for each family', ONE_EACH, 'fd00::1', 'exempt'],
    ['exceptions for each family', ONE_EACH, '7.7.7.7', 'masqueraded'],
    ['exceptions for each family', ONE_EACH, '2001:db8::1', 'masqueraded'],
    ['one that says nothing', SILENT, '10.1.1.1', 'exempt'],
    ['one that says nothing', SILENT, 'fd00::1', 'masqueraded'],
    ['a source for each family', TWO_FAMILIES, '7.7.7.7', '192.0.2.1'],
    ['a source for each family', TWO_FAMILIES, '2001:db8:1::1', '2001:db8::1'],
    ['a source for each family, and no list: the default one', TWO_FAMILIES, '10.1.1.1', 'exempt'],
  ])('%s: %j to %s is %s', (_name, policies, destination, expected) => {
    expect(outcome(inOrder(policies), destination)).toBe(expected)
  })
})

test('the built-ins and the lists of the whole config are exempt for all of them', () => {
  const keys = { nonMasqueradeCIDRs: ['198.18.0.0/15'] }
  for (const destination of ['10.77.1.9', '169.254.1.1', '224.0.0.9', '198.18.1.1', 'fd77::9']) {
    expect([destination, outcome(LOOPBACK, destination, keys)]).toEqual([destination, 'exempt'])
  }
})

test('masqueradeCIDRs win over the exceptions of a policy', () => {
  expect(outcome(LOOPBACK, '10.244.9.9', { masqueradeCIDRs: ['10.244.9.0/24'] })).toBe('masqueraded')
})

test('a pod’s own list replaces the exceptions of all', () => {
  const keys = { runtimeConfig: { nonMasqueradeCIDRs: ['7.0.0.0/8'] } }
  expect(outcome(LOOPBACK, '10.244.9.9', keys)).toBe('masqueraded')
  expect(outcome(LOOPBACK, '7.7.7.7', keys)).toBe('exempt')
})

test('exceptions that differ are named: whoever writes two lists may expect them to be joined', () => {
  const said =
    'each of the policies applies on its own: a destination that only one of them exempts is masqueraded by the others; write the same exceptions into all policies without Destinations'
  expect(warningsOf(settingsOf(TWO_LISTS))).toEqual([said])
  expect(warningsOf(settingsOf(WITH_SOURCE))).toEqual([])
  expect(warningsOf(settingsOf(ONE_EACH))).toEqual([])
  expect(warningsOf(settingsOf([TWO_LISTS[0], TWO_LISTS[0]]))).toEqual([])
})

test('two sources of one family for the same destinations are refused', () => {
  expect(() => outcome([nat({ VIP: '192.0.2.1' }), nat({ VIP: '192.0.2.2' })], '7.7.7.7')).toThrow(
    'Cannot use the VirtualIP "192.0.2.2" of policies[1]: the config also has "192.0.2.1"; write only one IPv4 source address',
  )
})

test('elements of win-bridge’s HcnPolicyArgs are read as they are', () => {
  const entries = [
    { Type: 'OutBoundNAT', Settings: { Exceptions: ['10.244.0.0/16'] } },
    { Type: 'SDNRoute', Settings: { DestinationPrefix: '10.96.0.0/12', NeedEncap: true } },
  ]
  expect(outcome(entries, '10.244.9.9')).toBe('exempt')
  expect(outcome(entries, '10.96.0.1')).toBe('masqueraded')
  expect(() => outcome([{ Type: 'OutBoundNAT', Settings: { Exceptions: ['x'] } }], '7.7.7.7')).toThrow(
    'Cannot use policies[0].Settings.Exceptions[0] "x": write a CIDR',
  )
})

describe('pods by their own addresses', () => {
  const chosen = (keys: Record<string, unknown>, ...addresses: string[]) => {
    const { families } = decidePolicy(
      intentOf(settingsOf([], keys), ''),
      addresses.map(parseAddressWithLength),
    )
    return Object.keys(families)
  }

  test.each<[Record<string, unknown>, string[], string[]]>([
    [{ exceptPodCIDRs: ['10.0.0.0/12'] }, ['10.1.1.1/24'], ['ip6']],
    [{ exceptPodCIDRs: ['10.0.0.0/12'] }, ['10.16.1.1/24', 'fd00::1/64'], ['ip', 'ip6']],
    [{ exceptPodCIDRs: ['10.0.0.0/12', 'fd00::/8'] }, ['10.1.1.1/24', 'fd00::1/64'], []],
    [{ onlyPodCIDRs: ['10.0.0.0/12'] }, ['10.1.1.1/24', 'fd00::1/64'], ['ip']],
    [{ onlyPodCIDRs: ['10.0.0.0/12'] }, ['10.16.1.1/24'], ['ip6']],
    [{ onlyPodCIDRs: ['10.0.0.0/8'], exceptPodCIDRs: ['10.1.0.0/16'] }, ['10.1.1.1/24'], ['ip6']],
    [{ onlyPodCIDRs: ['10.0.0.0/8'] }, ['10.1.1.1/24', '192.0.2.1/24'], ['ip6']],
  ])('%j, a pod with %j is masqueraded in %j', (keys, addresses, families) => {
    expect(chosen(keys, ...addresses)).toEqual(families)
  })
})
