import type { InterfaceAddress } from '../cni/prev-result'
import type { Config } from '../config/schema'
import { FAMILIES, FAMILY_NAMES, type Family } from './address'
import { disjoint, ofFamily, type Prefix, prefixOf, subnetOf } from './prefix'

/** Towards what a pod's traffic is left alone, and how the rest is masqueraded. No pod is named in it. */
export interface Policy {
  /** Disjoint prefixes, in address order. */
  readonly exempt: Readonly<Record<Family, readonly Prefix[]>>
  readonly fullyRandom: boolean
}

const DEFAULT_EXEMPT = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'].map(prefixOf)

/** Never worth an address of the node's: no reply could come back to it. */
const ALWAYS_EXEMPT = ['224.0.0.0/4', 'ff00::/8', '255.255.255.255/32'].map(prefixOf)

const LINK_LOCAL = {
  masqLinkLocal: prefixOf('169.254.0.0/16'),
  masqLinkLocalIPv6: prefixOf('fe80::/10'),
}

/** `ips`: the attachment's addresses; neighbours in their subnets are exempt, because traffic between two pods of
 * one bridge crosses postrouting when bridge-nf-call-iptables is on. */
export function decidePolicy(config: Config, ips: readonly InterfaceAddress[]): Policy {
  const exempt = [
    ...(config.nonMasqueradeCIDRs ?? DEFAULT_EXEMPT),
    ...ALWAYS_EXEMPT,
    ...(config.masqLinkLocal ? [] : [LINK_LOCAL.masqLinkLocal]),
    ...(config.masqLinkLocalIPv6 ? [] : [LINK_LOCAL.masqLinkLocalIPv6]),
    ...ownSubnets(ips),
  ]
  return {
    exempt: { ip: disjoint(ofFamily('ip', exempt)), ip6: disjoint(ofFamily('ip6', exempt)) },
    fullyRandom: config.randomFully,
  }
}

/** A /32 or /128 (Calico, AWS) names no neighbours; it would only make a policy per pod. */
export function ownSubnets(ips: readonly InterfaceAddress[]): Prefix[] {
  return ips
    .filter(({ address, length }) => length < FAMILIES[address.family].bits)
    .map(({ address, length }) => subnetOf(address, length))
}

/**
 * Families of which the pod has an address and a non-empty list has no entry. Legal, and most often an
 * oversight of whoever wrote a list for IPv4 before the cluster became dual-stack.
 */
export function familiesLeftOut(config: Config, ips: readonly InterfaceAddress[]): Family[] {
  const list = config.nonMasqueradeCIDRs ?? []
  if (list.length === 0) return []
  return FAMILY_NAMES.filter(
    (family) => ips.some(({ address }) => address.family === family) && ofFamily(family, list).length === 0,
  )
}
