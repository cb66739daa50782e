import fc from 'fast-check'
import { CniError } from '../../src/cni/error'
import { intentOf } from '../../src/config/intent'
import { parseConfig } from '../../src/config/parse'
import { NO_SOURCES } from '../../src/config/settings'
import { decidePolicy } from '../../src/policy/decide'
import type { Policy } from '../../src/policy/policy'
import { parseAddressWithLength } from '../../src/policy/prefix'
import { configs } from './configs'

/** Policies as operators' configs make them. */

/** Of a pod with these addresses; undefined for a config that is refused. */
export function policyFor(config: Record<string, unknown>, ips: readonly string[]): Policy | undefined {
  try {
    const settings = { config: parseConfig(config), sources: NO_SOURCES }
    return decidePolicy(intentOf(settings, 'shop'), ips.map(parseAddressWithLength))
  } catch (error) {
    if (error instanceof CniError) return undefined
    throw error
  }
}

export const IPS = ['10.244.1.7/24', 'fd00::7/64']

const prefixes = fc.uniqueArray(
  fc.constantFrom(
    ...['10.0.0.0/8', '10.100.10.0/24', '192.168.0.0/16', '0.0.0.0/0', '8.8.8.8/32', '128.0.0.0/1'],
    ...['fd00::/8', '2001:db8::/32', '::/0', '2001:db8::1/128'],
  ),
  { maxLength: 5 },
)

/** Several Windows policies, which make limited and special destinations. */
const windows = fc
  .array(
    fc.record({
      exceptions: prefixes,
      destinations: fc.option(prefixes),
      virtualIP: fc.option(fc.constantFrom('192.0.2.10', '192.0.2.11', '2001:db8::a')),
    }),
    { maxLength: 4 },
  )
  .map((policies) =>
    policies.map(({ exceptions, destinations, virtualIP }) => ({
      name: 'EndpointPolicy',
      value: {
        Type: 'OutBoundNAT',
        Settings: {
          Exceptions: exceptions,
          ...(destinations?.length && { Destinations: destinations }),
          ...(virtualIP && destinations?.length && { VirtualIP: virtualIP }),
        },
      },
    })),
  )

const many = fc.record(
  {
    policies: windows,
    nonMasqueradeCIDRs: prefixes,
    toPorts: fc.constantFrom('1024-29999', '1024-29999,32768-65535', '4000', '1,2-4,6-65535'),
    outInterfaces: fc.constantFrom(['eth0'], ['bond+', 'eth0', 'bond*']),
    snatTo: fc.constantFrom(
      { ipv4: '192.0.2.20-192.0.2.23', ipv6: '2001:db8::1-2001:db8::3' },
      { ipv4: '192.0.2.8-192.0.2.15' },
      { ipv6: '2001:db8::' },
      { ipv6: '::192.0.2.5' },
    ),
    pinExemptions: fc.boolean(),
    randomFully: fc.boolean(),
    ipv4: fc.boolean(),
  },
  { requiredKeys: [] },
)

export const configsOfPolicies: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  { weight: 3, arbitrary: many },
  configs,
)

/** Interfaces as rules have them: in the order of their names, each once. */
export function asKept(policy: Policy): Policy {
  const names = new Map(policy.outInterfaces.map((one) => [`${one.name}${one.isWildcard ? '*' : ''}`, one]))
  const outInterfaces = [...names].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
  return { ...policy, outInterfaces }
}
