import { FAMILIES, FAMILY_NAMES, type Family, familyOf } from './address'
import { ZEROS } from './digits'
import type { Intent } from './intent'
import { longestMatches } from './longest-matches'
import type { FamilyPolicy, Policy } from './policy'
import {
  formatPrefix,
  type InterfaceAddress,
  includesAddress,
  type Prefix,
  prefixOf,
  subnetOf,
} from './prefix'
import { hasFamily, type Prefixes } from './prefixes'
import { rangesIn } from './range'
import { decideSeveral } from './several'

/**
 * Makes a prefix from digits: every call needs these prefixes, and parsing them would cost a few thousand instructions
 * each.
 */
const ready = (digits: string, length: number): Prefix => ({ family: familyOf(digits), digits, length })
const [IPV6_TAIL, LAST] = [ZEROS.slice(4), 'ffffffff']

/** 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7 */
const PRIVATE = [
  ready('0a000000', 8),
  ready('ac100000', 12),
  ready('c0a80000', 16),
  ready(`fc00${IPV6_TAIL}`, 7),
]

/**
 * The ranges of ip-masq-agent's `--nomasq-all-reserved-ranges`; for IPv6, those of RFC 6890 and its successors that are
 * not public.
 */
const RESERVED = [
  ...['100.64.0.0/10', '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '198.18.0.0/15', '198.51.100.0/24'],
  ...['203.0.113.0/24', '240.0.0.0/4'],
  ...['100::/64', '2001:db8::/32', '3fff::/20', '64:ff9b:1::/48'],
]

export const DEFAULTS: Readonly<Record<Intent['nonMasqueradeDefaults'], () => readonly Prefix[]>> = {
  private: () => PRIVATE,
  reserved: () => [...PRIVATE, ...RESERVED.map(prefixOf)],
}

/**
 * Destinations that never need the node's address, because no reply could come back to it: 224.0.0.0/4, ff00::/8,
 * 255.255.255.255/32
 */
export const ALWAYS_EXEMPT = [ready('e0000000', 4), ready(`ff00${IPV6_TAIL}`, 8), ready(LAST, 32)]

/** 169.254.0.0/16, fe80::/10 */
export const LINK_LOCAL = {
  masqLinkLocal: ready('a9fe0000', 16),
  masqLinkLocalIPv6: ready(`fe80${IPV6_TAIL}`, 10),
}

/** `ips`: the attachment's addresses; neighbours in their subnets are exempt, because traffic between two pods of
 * one bridge crosses postrouting when bridge-nf-call-iptables is on. */
export function decidePolicy(intent: Intent, ips: readonly InterfaceAddress[]): Policy {
  const builtIn = [
    ...intent.clusterCIDRs,
    ...ALWAYS_EXEMPT,
    ...(intent.masqLinkLocal ? [] : [LINK_LOCAL.masqLinkLocal]),
    ...(intent.masqLinkLocalIPv6 ? [] : [LINK_LOCAL.masqLinkLocalIPv6]),
    ...ownSubnets(ips),
  ]
  const exempt = [...(intent.nonMasqueradeCIDRs ?? [DEFAULTS[intent.nonMasqueradeDefaults]()]), builtIn]
  const { fullyRandom, pinExemptions, toPorts, outInterfaces } = intent
  const families: { [F in Family]?: FamilyPolicy } = {}
  for (const family of FAMILY_NAMES)
    if (isMasqueraded(intent, family) && isPodChosen(intent, family, ips)) {
      families[family] = intent.policies
        ? decideSeveral(intent, { family, exempt, policies: intent.policies })
        : decideFamily(intent, family, exempt)
    }
  if (!families.ip && !families.ip6) return NOTHING
  return { families, toPorts, outInterfaces, fullyRandom, pinExemptions }
}

/** The policy that masquerades nothing. The rest of the config then has no effect, and must not make a policy of its own. */
const NOTHING: Policy = {
  families: {},
  toPorts: [],
  outInterfaces: [],
  fullyRandom: true,
  pinExemptions: false,
}

/** Whether the family can be masqueraded. If all destinations are of the other family, this one has none. */
export function isMasqueraded({ masquerade, destinations, policies }: Intent, family: Family): boolean {
  const has = (list: readonly Prefix[] | undefined) =>
    !list || list.some((prefix) => prefix.family === family)
  if (!masquerade[family]) return false
  return policies ? policies.some((policy) => has(policy.destinations)) : has(destinations)
}

/**
 * Whether onlyPodCIDRs and exceptPodCIDRs choose the pod in this family. A pod has one policy, so if it has several
 * addresses in a family, each of them has to be chosen.
 */
export function isPodChosen(
  { onlyPodCIDRs, exceptPodCIDRs }: Pick<Intent, 'onlyPodCIDRs' | 'exceptPodCIDRs'>,
  family: Family,
  ips: readonly InterfaceAddress[],
): boolean {
  if (!onlyPodCIDRs && exceptPodCIDRs.length === 0) return true
  return ips.every(({ address }) => {
    const isIn = (list: readonly Prefix[]) => list.some((prefix) => includesAddress(prefix, address))
    return address.family !== family || ((!onlyPodCIDRs || isIn(onlyPodCIDRs)) && !isIn(exceptPodCIDRs))
  })
}

function decideFamily(intent: Intent, family: Family, exempt: readonly Prefixes[]): FamilyPolicy {
  const { masqueradeCIDRs, destinations } = intent
  const snatTo = intent.snatTo[family]
  return {
    exempt: longestMatches(family, exempt, masqueradeCIDRs),
    ...(destinations && { destinations: rangesIn(longestMatches(family, [destinations])) }),
    ...(snatTo && { snatTo }),
  }
}

/**
 * The pod's own subnets. A /32 or /128 (Calico, AWS) has no neighbours; it would only make one policy per pod. A subnet
 * that is too wide would exempt the networks of others.
 */
export function ownSubnets(ips: readonly InterfaceAddress[]): Prefix[] {
  return ips
    .filter((ip) => ip.length < FAMILIES[ip.address.family].bits && !isTooWide(ip))
    .map(({ address, length }) => subnetOf(address, length))
}

/**
 * The shortest prefix that can be a pod's own subnet. IPv4: 10.0.0.0/8 is the largest private network. IPv6: /32 is the
 * smallest block that a provider gets, so anything shorter holds addresses of several holders. A /0 in a result is an
 * IPAM plugin's mistake, and would exempt the world.
 */
const WIDEST: Readonly<Record<Family, number>> = { ip: 8, ip6: 32 }

function isTooWide({ address, length }: InterfaceAddress): boolean {
  return length < WIDEST[address.family]
}

/** A warning for each subnet of prevResult that cannot be a pod's own. */
export function wideSubnetWarnings(ips: readonly InterfaceAddress[]): string[] {
  return ips
    .filter(isTooWide)
    .map(
      ({ address, length }) =>
        `the subnet ${formatPrefix(subnetOf(address, length))} of prevResult is not exempt: it is wider than /${WIDEST[address.family]}; check the prefix length that the IPAM plugin assigns`,
    )
}

/**
 * Families in which the pod has an address but a non-empty list has no entry. This is legal, and most often an oversight
 * from before the cluster became dual-stack.
 */
export function familiesLeftOut(intent: Intent, ips: readonly InterfaceAddress[]): Family[] {
  // If there are several policies, there is most often one for each family.
  const lists = [
    ...(intent.nonMasqueradeCIDRs ?? []),
    ...(intent.policies ?? []).map((one) => one.exceptions),
  ]
  const has = (family: Family) => lists.some((list) => hasFamily(list, family))
  if (!FAMILY_NAMES.some(has)) return []
  return FAMILY_NAMES.filter(
    (family) =>
      isMasqueraded(intent, family) &&
      ips.some(({ address }) => address.family === family) &&
      !has(family) &&
      !hasFamily(intent.clusterCIDRs, family),
  )
}

/** A warning for each of these families. */
export function leftOutWarnings(intent: Intent, ips: readonly InterfaceAddress[]): string[] {
  return familiesLeftOut(intent, ips)
    .map((family) => FAMILIES[family].label)
    .map((label) => `nonMasqueradeCIDRs has no ${label} entry: only the built-in ${label} exemptions apply`)
}
