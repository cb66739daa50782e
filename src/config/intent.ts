import { FAMILY_NAMES } from '../policy/address'
import type { Intent } from '../policy/intent'
import { formatPrefix, type Prefix } from '../policy/prefix'
import { type Prefixes, prefixesOf } from '../policy/prefixes'
import { type Refuse, raise } from './fault'
import type { Config } from './keys'
import { matchesAny } from './namespaces'
import type { Sources } from './sources'
import { windowsPart, windowsPolicies } from './windows-intent'

/** A plugin's config, and the contents of the files that it names. */
export interface Settings {
  readonly config: Config
  readonly sources: Sources
}

/** A list and its place, for messages. */
interface PlacedList {
  readonly place: string
  readonly isOfPolicy?: boolean
  readonly list: Prefixes
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
      nonMasqueradeCIDRs: standing.map(({ list }) => list),
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

/** The lists that replace the default one, all together. */
function configuredLists({
  config: { nonMasqueradeCIDRs, policies },
  sources: { files },
}: Settings): PlacedList[] {
  const all: { place: string; list: Prefixes | undefined; isOfPolicy?: boolean }[] = [
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
  const places = new Map<string, string>()
  const keys = new Set(masqueradeCIDRs.map(keyOf))
  for (const { place, list } of lists) {
    for (const key of FAMILY_NAMES.flatMap((family) => prefixesOf(family, list)).map(keyOf))
      if (keys.has(key)) places.set(key, place)
  }
  for (const [i, one] of masqueradeCIDRs.entries()) {
    const [place, prefix] = [places.get(keyOf(one)), formatPrefix(one)]
    if (place === undefined) continue
    const message = `Cannot use masqueradeCIDRs[${i}] "${prefix}": ${place} has the same prefix; remove one of the two`
    refuse({ reason: 'invalidConfig', path: ['masqueradeCIDRs', i], message })
  }
}

function keyOf({ digits, length }: Prefix): string {
  return `${digits}/${length}`
}

/** Whether pods of this namespace are masqueraded. */
export function isChosen({ onlyNamespaces, exceptNamespaces }: Config, namespace: string): boolean {
  return (
    (onlyNamespaces === undefined || matchesAny(onlyNamespaces, namespace)) &&
    !matchesAny(exceptNamespaces, namespace)
  )
}
