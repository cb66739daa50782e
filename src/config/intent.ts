import { type Address, FAMILIES, FAMILY_NAMES, type Family } from '../policy/address'
import type { Intent } from '../policy/intent'
import { formatPrefix, type Prefix } from '../policy/prefix'
import { type Range, rangeBetween } from '../policy/range'
import { formatEnds } from '../policy/range-text'
import { actingIn } from '../policy/several'
import { type Refuse, raise } from './fault'
import type { Config } from './keys'
import { matchesAny } from './namespaces'
import type { Sources } from './sources'
import type { OutboundNat } from './windows-policies'

/** A plugin's config, and the contents of the files that it names. */
export interface Settings {
  readonly config: Config
  readonly sources: Sources
}

/** A list and its place, for messages. */
interface PlacedList {
  readonly place: string
  readonly isOfPolicy?: boolean
  readonly list: readonly Prefix[]
}

/**
 * What config and files together request for a pod of `namespace` (empty where it is not known). If two of them
 * contradict each other, that is a fault of the kind invalidConfig.
 */
export function intentOf(settings: Settings, namespace: string, refuse: Refuse = raise): Intent {
  const { config, sources } = settings
  const { masqueradeCIDRs, toPorts, outInterfaces, randomFully, pinExemptions } = config
  const lists = configuredLists(settings)
  rejectContradictions(masqueradeCIDRs, [...lists, ...podList(config)], refuse)
  const isSeveral = windowsPolicies(config).length > 1
  const joined = isSeveral ? lists.filter(({ isOfPolicy }) => !isOfPolicy) : lists
  const standing = config.podCIDRs ? podList(config) : joined
  const windows = windowsPart(config, refuse)
  const isPodMasqueraded = isChosen(config, namespace)
  return {
    // Any list replaces the default one, even if each policy has its own.
    ...((lists.length > 0 || config.podCIDRs) && {
      nonMasqueradeCIDRs: standing.flatMap(({ list }) => list),
    }),
    nonMasqueradeDefaults: config.nonMasqueradeDefaults,
    clusterCIDRs: sources.clusterCIDRs,
    masqueradeCIDRs,
    ...windows,
    ...(config.onlyPodCIDRs && { onlyPodCIDRs: config.onlyPodCIDRs }),
    exceptPodCIDRs: [
      ...config.exceptPodCIDRs,
      ...sources.files.flatMap((file) => file.nonMasqueradeSrcCIDRs ?? []),
    ],
    masqLinkLocal: config.masqLinkLocal || sources.files.some((file) => file.masqLinkLocal),
    masqLinkLocalIPv6: config.masqLinkLocalIPv6 || sources.files.some((file) => file.masqLinkLocalIPv6),
    masquerade: { ip: isPodMasqueraded && config.ipv4, ip6: isPodMasqueraded && config.ipv6 },
    toPorts,
    outInterfaces,
    fullyRandom: randomFully,
    pinExemptions,
  }
}

export function ignoredPodListWarning(place: string): string {
  const [setting] = place.split('.')
  return `${place} is ignored: write "podLists": "${setting}" or "both" in the conflist to let pods have lists of their own there`
}

/** Warnings about a config and its files that hold for every pod. */
export function warningsOf({ config, sources }: Settings): string[] {
  const ignored = config.policies.flatMap((policy, i) =>
    (policy?.ignored ?? []).map(
      (path) => `policies[${i}].${path} is ignored, because it has no counterpart on Linux`,
    ),
  )
  return [
    ...sources.warnings,
    ...ignored,
    ...severalWarnings(config),
    ...(config.ignoredPodLists ?? []).map(ignoredPodListWarning),
  ]
}

/** Warns about a pod whose namespace is not known, where it matters. */
export function namespaceWarnings({ onlyNamespaces, exceptNamespaces }: Config, namespace: string): string[] {
  if (namespace !== '' || (!onlyNamespaces && exceptNamespaces.length === 0)) return []
  const outcome = onlyNamespaces
    ? 'onlyNamespaces cannot match, so the pod is not masqueraded'
    : 'exceptNamespaces cannot match, so the pod is masqueraded'
  return [`CNI_ARGS has no K8S_POD_NAMESPACE: ${outcome}`]
}

/** The lists that replace the default one, all together. */
function configuredLists({
  config: { nonMasqueradeCIDRs, policies },
  sources: { files },
}: Settings): PlacedList[] {
  const all: { place: string; list: readonly Prefix[] | undefined; isOfPolicy?: boolean }[] = [
    { place: 'nonMasqueradeCIDRs', list: nonMasqueradeCIDRs },
    ...policies.map((policy, i) => ({
      place: `policies[${i}]`,
      list: policy?.exceptions,
      isOfPolicy: true,
    })),
    ...files.map((file) => ({ place: file.path, list: file.nonMasqueradeCIDRs })),
  ]
  return all.flatMap(({ list, ...one }) => (list ? [{ ...one, list }] : []))
}

/** The pod's own list, which replaces all of those. */
function podList({ podCIDRs }: Config): PlacedList[] {
  return podCIDRs ? [{ place: "the pod's own nonMasqueradeCIDRs", list: podCIDRs }] : []
}

/** Refuses prefixes that are both exempt and not exempt, which is a mistake. Longer and shorter prefixes are intended. */
function rejectContradictions(
  masqueradeCIDRs: readonly Prefix[],
  lists: readonly PlacedList[],
  refuse: Refuse,
): void {
  if (masqueradeCIDRs.length === 0) return
  const places = new Map(lists.flatMap(({ place, list }) => list.map((one) => [formatPrefix(one), place])))
  for (const [i, prefix] of masqueradeCIDRs.map(formatPrefix).entries()) {
    const place = places.get(prefix)
    if (place === undefined) continue
    const message = `Cannot use masqueradeCIDRs[${i}] "${prefix}": ${place} has the same prefix; remove one of the two`
    refuse({ reason: 'invalidConfig', path: ['masqueradeCIDRs', i], message })
  }
}

/** Whether pods of this namespace are masqueraded. */
export function isChosen({ onlyNamespaces, exceptNamespaces }: Config, namespace: string): boolean {
  return (
    (onlyNamespaces === undefined || matchesAny(onlyNamespaces, namespace)) &&
    !matchesAny(exceptNamespaces, namespace)
  )
}

/** The requests of Windows policies, apart from the exceptions of a single one, which join the configured lists. */
function windowsPart(config: Config, refuse: Refuse): Pick<Intent, 'destinations' | 'policies' | 'snatTo'> {
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
function windowsPolicies({ policies }: Config): PlacedPolicy[] {
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

/** Warns about several lists of exceptions, because whoever writes them may expect them to be joined. */
function severalWarnings(config: Config): string[] {
  const { policies } = windowsPart(config, raise)
  if (!policies) return []
  const differ = FAMILY_NAMES.some((family) => {
    const texts = actingIn(family, policies).flatMap(({ exceptions, destinations }) => {
      const own = exceptions.filter((prefix) => prefix.family === family)
      return destinations ? [] : [own.map(formatPrefix).sort().join(' ')]
    })
    return texts.some((text) => text !== texts[0])
  })
  return differ
    ? [
        'each of the policies applies on its own: a destination that only one of them exempts is masqueraded by the others; write the same exceptions into all policies without Destinations',
      ]
    : []
}
