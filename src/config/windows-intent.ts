import { type Address, FAMILIES, type Family } from '../policy/address'
import type { Intent } from '../policy/intent'
import { type Range, rangeBetween } from '../policy/range'
import { formatEnds } from '../policy/range-text'
import type { Refuse } from './fault'
import type { Config } from './keys'
import type { OutboundNat } from './windows-policies'

/** The requests of Windows policies, apart from the exceptions of a single one, which join the configured lists. */
export function windowsPart(
  config: Config,
  refuse: Refuse,
): Pick<Intent, 'destinations' | 'policies' | 'snatTo'> {
  // Nearly every config has none, and each pod's ADD runs this.
  if (config.policies.length === 0) return { snatTo: ownSource(config) }
  const policies = windowsPolicies(config)
  const snatTo = commonSource(config, policies, refuse)
  const [first, ...others] = policies
  if (others.length === 0) {
    const destinations = first?.policy.destinations
    return { ...(destinations && { destinations }), snatTo }
  }
  return {
    policies: policies.map(({ policy: { exceptions = [], destinations, virtualIPs } }) => ({
      // The pod's own list replaces the exceptions too.
      exceptions: config.podCIDRs ? [] : exceptions,
      ...(destinations && { destinations }),
      snatTo: sourcesOf(virtualIPs),
    })),
    snatTo: ownSource(config),
  }
}

/** The policies that are for us, with their places. */
export function windowsPolicies({ policies }: Config): PlacedPolicy[] {
  return policies.flatMap((policy, at) => (policy ? [{ at, policy }] : []))
}

/** A policy, and its index in `policies`. */
interface PlacedPolicy {
  readonly at: number
  readonly policy: OutboundNat
}

function ownSource({ snatTo: { ipv4, ipv6 } }: Config): Sources4And6 {
  return { ...(ipv4 && { ip: ipv4 }), ...(ipv6 && { ip6: ipv6 }) }
}

type Sources4And6 = { [F in Family]?: Range }

function sourcesOf(virtualIPs: readonly Address[]): Sources4And6 {
  const result: Sources4And6 = {}
  for (const address of virtualIPs) result[address.family] = rangeBetween(address, address)
  return result
}

/**
 * `snatTo`, and the VirtualIP of policies. A family can have one of them, unless one of several policies has
 * Destinations: its source is then for that policy alone.
 */
function commonSource(config: Config, policies: readonly PlacedPolicy[], refuse: Refuse): Sources4And6 {
  const result = ownSource(config)
  for (const { at, policy } of policies) {
    const isApart = policies.length > 1 && policy.destinations !== undefined
    const known = isApart ? {} : result
    for (const address of policy.virtualIPs) {
      const range = rangeBetween(address, address)
      const [text, other] = [range, known[address.family] ?? range].map(formatEnds)
      if (text !== other) {
        const message = `Cannot use the VirtualIP "${text}" of policies[${at}]: the config also has "${other}"; write only one ${FAMILIES[address.family].label} source address`
        refuse({ reason: 'invalidConfig', path: ['policies', at], message })
      }
      known[address.family] = range
    }
  }
  return result
}
