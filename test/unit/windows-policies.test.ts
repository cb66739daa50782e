import { describe, expect, test } from 'vitest'
import { intentOf } from '../../src/config/intent'
import { parseConfig } from '../../src/config/parse'
import { NO_SOURCES } from '../../src/config/settings'
import { warningsOf } from '../../src/config/warnings'
import { formatPrefix, type Prefix } from '../../src/policy/prefix'
import { prefixesIn } from '../../src/policy/prefixes'
import { formatEnds } from '../../src/policy/range-text'

/**
 * Situations of win-bridge's ApplyOutBoundNATPolicy tests (containernetworking/plugins, pkg/hns), for HNS v1 and HCN v2:
 *
 *   "append different IP", "append a new one
 *    if there is not an exception policy"      test/unit/convert.test.ts (the plugin adds ipMasqNetwork there)
 *   "nothing to do if CIDR is blank"           an empty list stays a list
 *   the older "set, then apply another"        one policy with several exceptions
 *   GetHNSEndpointPolicies                     an address alone; other names are left aside
 *   ApplyLoopbackDSRPolicy                     Destinations without exceptions
 */

const read = (policies: unknown, keys = {}) => {
  const settings = { config: parseConfig({ policies, ...keys }), sources: NO_SOURCES }
  const [intent, warnings] = [intentOf(settings, ''), warningsOf(settings)]
  const texts = (list: readonly Prefix[] | undefined) => list?.map(formatPrefix)
  return {
    exceptions: texts(intent.nonMasqueradeCIDRs?.flatMap(prefixesIn)),
    destinations: texts(intent.destinations),
    snatTo: [intent.snatTo.ip, intent.snatTo.ip6].flatMap((range) => (range ? [formatEnds(range)] : [])),
    warnings,
  }
}

const policy = (value: Record<string, unknown>) => ({
  name: 'EndpointPolicy',
  value: { Type: 'OutBoundNAT', ...value },
})

const forms = [
  ['HNS v1', (exceptions: unknown) => policy({ ExceptionList: exceptions }), 'value.OtherList'],
  [
    'HCN v2',
    (exceptions: unknown) => policy({ Settings: { Exceptions: exceptions } }),
    'value.Settings.Others',
  ],
] as const

describe.each(forms)('%s', (_, exceptions, other) => {
  test('exceptions', () => {
    expect(read([exceptions(['192.168.0.0/16', '11.0.0.0/8', '10.137.196.0/23'])])).toEqual({
      exceptions: ['192.168.0.0/16', '11.0.0.0/8', '10.137.196.0/23'],
      destinations: undefined,
      snatTo: [],
      warnings: [],
    })
  })

  test('a policy with fields that mean nothing here', () => {
    const strange = other.includes('Settings') ? { Settings: { Others: ['x'] } } : { OtherList: ['x'] }
    expect(read([policy({ ...strange, ExceptionList: ['10.244.0.0/16'] })])).toMatchObject({
      exceptions: ['10.244.0.0/16'],
      warnings: [`policies[0].${other} is ignored, because it has no counterpart on Linux`],
    })
  })

  test('an empty list is a list, and none is none', () => {
    expect(read([exceptions([])]).exceptions).toEqual([])
    expect(read([policy({})]).exceptions).toBeUndefined()
    expect(read([]).exceptions).toBeUndefined()
  })

  test('an address alone', () => {
    expect(read([exceptions(['192.168.1.2', 'fd00::2'])]).exceptions).toEqual([
      '192.168.1.2/32',
      'fd00::2/128',
    ])
  })

  test('beside our own list', () => {
    expect(read([exceptions(['10.0.0.0/8'])], { nonMasqueradeCIDRs: ['fd00::/8'] }).exceptions).toEqual([
      'fd00::/8',
      '10.0.0.0/8',
    ])
  })
})

test('both forms side by side, and in one policy', () => {
  const both = policy({ ExceptionList: ['10.0.0.0/8'], Settings: { Exceptions: ['192.168.0.0/16'] } })
  expect(read([both]).exceptions).toEqual(['10.0.0.0/8', '192.168.0.0/16'])
})

test.each([
  { name: 'EndpointPolicy', value: { Type: 'ROUTE', DestinationPrefix: '10.0.0.0/8', NeedEncap: true } },
  { name: 'EndpointPolicy', value: { Type: 'SDNRoute', Settings: { DestinationPrefix: 'x' } } },
  { name: 'someOtherType', value: { Type: 'OutBoundNAT', ExceptionList: ['10.0.0.0/8'] } },
  { name: 'someOtherType' },
  { name: 'EndpointPolicy', value: { type: 'ROUTE' } },
])('left aside: %j', (entry) => {
  expect(read([entry])).toEqual({ exceptions: undefined, destinations: undefined, snatTo: [], warnings: [] })
})

test.each([
  { name: 'endpointpolicy', value: { Type: 'OUTBOUNDNAT', ExceptionList: ['10.0.0.0/8'] } },
  { Name: 'EndpointPolicy', Value: { Type: 'OutBoundNAT', ExceptionList: ['10.0.0.0/8'] } },
])('as the Windows plugins read names: %j', (entry) => {
  expect(read([entry]).exceptions).toEqual(['10.0.0.0/8'])
})

describe('Destinations', () => {
  test('of one policy', () => {
    const entry = policy({ Destinations: ['172.16.0.12'], Settings: { Destinations: ['203.0.113.0/24'] } })
    expect(read([entry])).toMatchObject({
      exceptions: undefined,
      destinations: ['172.16.0.12/32', '203.0.113.0/24'],
    })
  })

  test('an empty list limits nothing', () => {
    expect(read([policy({ Settings: { Destinations: [] } })]).destinations).toBeUndefined()
  })
})

describe('VirtualIP', () => {
  test('is snatTo', () => {
    const entry = policy({ Settings: { VirtualIP: '192.0.2.1' } })
    expect(read([entry]).snatTo).toEqual(['192.0.2.1'])
    expect(read([entry], { snatTo: { ipv4: '192.0.2.1' } }).snatTo).toEqual(['192.0.2.1'])
  })

  test('of one policy that has both spellings, or both families', () => {
    const both = { VIP: '192.0.2.1', Settings: { VirtualIP: '2001:db8::1' } }
    expect(read([policy(both)]).snatTo).toEqual(['192.0.2.1', '2001:db8::1'])
    expect(() => read([policy({ VIP: '192.0.2.1', VirtualIP: '192.0.2.9' })])).toThrow(
      'the config also has "192.0.2.1"',
    )
  })

  test('two of one family are refused', () => {
    const entries = [policy({ VIP: '192.0.2.1' }), policy({ Settings: { VirtualIP: '192.0.2.2' } })]
    const message =
      'Cannot use the VirtualIP "192.0.2.2" of policies[1]: the config also has "192.0.2.1"; write only one IPv4 source address'
    expect(() => read(entries)).toThrow(message)
    expect(() => read(entries.slice(1), { snatTo: { ipv4: '192.0.2.1' } })).toThrow('of policies[0]')
  })
})

test('what Linux cannot do is told, each with its place', () => {
  expect(read([policy({ toString: 1 })]).warnings).toEqual([
    'policies[0].value.toString is ignored, because it has no counterpart on Linux',
  ])
  const entries = [policy({ MaxPortPoolUsage: 7 }), policy({ Settings: { MaxPortPoolUsage: 7, Flags: 1 } })]
  expect(read(entries).warnings).toEqual([
    'policies[0].value.MaxPortPoolUsage is ignored, because it has no counterpart on Linux',
    'policies[1].value.Settings.MaxPortPoolUsage is ignored, because it has no counterpart on Linux',
    'policies[1].value.Settings.Flags is ignored, because it has no counterpart on Linux',
  ])
})

describe('refused:', () => {
  const object =
    'write an object, as in { "name": "EndpointPolicy", "value": { "Type": "OutBoundNAT", ... } }'
  const value = 'write an object, as in { "Type": "OutBoundNAT", "ExceptionList": ["10.0.0.0/8"] }'
  const list = 'write a list of CIDRs, as in ["10.0.0.0/8", "fd00::/8"], or leave the key out'
  test.each<[unknown, string]>([
    [null, 'policies null: write a list, as in [{ "name": "EndpointPolicy"'],
    [{}, 'policies {}: write a list'],
    [['x'], `policies[0] "x": ${object}`],
    [[{}], 'policies[0].name undefined: write the name, "EndpointPolicy"'],
    [[{ Name: 7 }], 'policies[0].Name 7: write the name, "EndpointPolicy"'],
    [[{ name: 'EndpointPolicy' }], `policies[0].value undefined: ${value}`],
    [[{ name: 'EndpointPolicy', value: [] }], `policies[0].value []: ${value}`],
    [
      [{ name: 'EndpointPolicy', Value: {} }],
      'policies[0].Value.Type undefined: write the policy\'s type, as in "OutBoundNAT"',
    ],
    [[policy({ ExceptionList: '10.0.0.0/8' })], `policies[0].value.ExceptionList "10.0.0.0/8": ${list}`],
    [[policy({ ExceptionList: null })], `policies[0].value.ExceptionList null: ${list}`],
    [
      [policy({}), policy({ Settings: { Exceptions: ['10.0.0.0/8', 'fd00::/8', '10.1/16'] } })],
      'policies[1].value.Settings.Exceptions[2] "10.1/16": write all four octets, as in "10.0.0.0/8"',
    ],
    [
      [policy({ Settings: [] })],
      'policies[0].value.Settings []: write an object, as in { "Exceptions": ["10.0.0.0/8"] }',
    ],
    [
      [policy({ Settings: { Destinations: ['all'] } })],
      'policies[0].value.Settings.Destinations[0] "all": write a CIDR',
    ],
    [
      [policy({ Settings: { VirtualIP: '192.0.2.1/32' } })],
      'policies[0].value.Settings.VirtualIP "192.0.2.1/32": write an address',
    ],
    [
      [policy({ ExceptionsList: [] })],
      'policies[0].value.ExceptionsList []: unknown key; write "ExceptionList" if that is meant, or remove it',
    ],
    [
      [policy({ Settings: { exceptions: [] } })],
      'policies[0].value.Settings.exceptions []: unknown key; write "Exceptions" if that is meant, or remove it',
    ],
  ])('%j', (policies, message) => {
    expect(() => read(policies)).toThrow(`Cannot use ${message}`)
  })
})
