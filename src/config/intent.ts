import { CniError } from '../cni/error'
import { flatMap, map, some } from '../lists'
import { FAMILIES, type Family } from '../policy/address'
import type { Intent } from '../policy/intent'
import { formatPrefix, type Prefix } from '../policy/prefix'
import { formatEnds, type Range, rangeBetween } from '../policy/range'
import { matchesAny } from './namespaces'
import type { Config } from './schema'
import type { Sources } from './sources'

/** A plugin's config, and what the files say that it names. */
export interface Settings {
  readonly config: Config
  readonly sources: Sources
}

/** A list, and where it stands, for messages. */
interface PlacedList {
  readonly place: string
  readonly list: readonly Prefix[]
}

/**
 * What config and files together ask for, for a pod of `namespace` (empty where it is not known). Throws
 * invalidConfig where two of them contradict each other.
 */
export function intentOf(settings: Settings, namespace: string): Intent {
  const { config, sources } = settings
  const { masqueradeCIDRs, toPorts, outInterfaces, randomFully, pinExemptions } = config
  const lists = configuredLists(settings)
  rejectContradictions(masqueradeCIDRs, [...lists, ...podList(config)])
  const standing = config.podCIDRs ? podList(config) : lists
  const destinations = flatMap(config.policies, (policy) => policy?.destinations ?? [])
  const isPodMasqueraded = isChosen(config, namespace)
  return {
    ...(standing.length > 0 && { nonMasqueradeCIDRs: flatMap(standing, ({ list }) => list) }),
    nonMasqueradeDefaults: config.nonMasqueradeDefaults,
    clusterCIDRs: sources.clusterCIDRs,
    masqueradeCIDRs,
    ...(destinations.length > 0 && { destinations }),
    masqLinkLocal: config.masqLinkLocal || some(sources.files, (file) => file.masqLinkLocal),
    masqLinkLocalIPv6: config.masqLinkLocalIPv6 || some(sources.files, (file) => file.masqLinkLocalIPv6),
    masquerade: { ip: isPodMasqueraded && config.ipv4, ip6: isPodMasqueraded && config.ipv6 },
    snatTo: snatTo(config),
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

/** What an operator should know of a config and its files, whatever the pod. */
export function warningsOf({ config, sources }: Settings): string[] {
  const ignored = flatMap(config.policies, (policy, i) =>
    map(policy?.ignored ?? [], (path) => `policies[${i}].${path} has no counterpart on Linux: ignored`),
  )
  return [...sources.warnings, ...ignored, ...map(config.ignoredPodLists ?? [], ignoredPodListWarning)]
}

/** A pod whose namespace is not known, where it matters. */
export function namespaceWarnings({ onlyNamespaces, exceptNamespaces }: Config, namespace: string): string[] {
  if (namespace !== '' || (!onlyNamespaces && exceptNamespaces.length === 0)) return []
  const outcome = onlyNamespaces
    ? 'onlyNamespaces matches nothing, so not masqueraded'
    : 'exceptNamespaces matches nothing, so masqueraded'
  return [`no K8S_POD_NAMESPACE in CNI_ARGS: ${outcome}`]
}

/** The lists that stand instead of the default, all together. */
function configuredLists({
  config: { nonMasqueradeCIDRs, policies },
  sources: { files },
}: Settings): PlacedList[] {
  const all: { place: string; list: readonly Prefix[] | undefined }[] = [
    { place: 'nonMasqueradeCIDRs', list: nonMasqueradeCIDRs },
    ...map(policies, (policy, i) => ({ place: `policies[${i}]`, list: policy?.exceptions })),
    ...map(files, (file) => ({ place: file.path, list: file.nonMasqueradeCIDRs })),
  ]
  return flatMap(all, ({ place, list }) => (list ? [{ place, list }] : []))
}

/** The pod's own, which stands instead of those. */
function podList({ podCIDRs }: Config): PlacedList[] {
  return podCIDRs ? [{ place: "the pod's own nonMasqueradeCIDRs", list: podCIDRs }] : []
}

/** What was written as exempt and as not exempt is a mistake; longer and shorter prefixes are the point of it all. */
function rejectContradictions(masqueradeCIDRs: readonly Prefix[], lists: readonly PlacedList[]): void {
  if (masqueradeCIDRs.length === 0) return
  const places = new Map(flatMap(lists, ({ place, list }) => map(list, (one) => [formatPrefix(one), place])))
  for (const [i, prefix] of map(masqueradeCIDRs, formatPrefix).entries()) {
    const place = places.get(prefix)
    if (place === undefined) continue
    throw new CniError(
      'invalidConfig',
      `Cannot use masqueradeCIDRs[${i}] "${prefix}": ${place} has the same prefix; remove one of the two`,
    )
  }
}

/** Whether pods of this namespace are masqueraded. */
export function isChosen({ onlyNamespaces, exceptNamespaces }: Config, namespace: string): boolean {
  return (
    (onlyNamespaces === undefined || matchesAny(onlyNamespaces, namespace)) &&
    !matchesAny(exceptNamespaces, namespace)
  )
}

/** `snatTo`, and the VirtualIP of Windows policies; of one family there can be one. */
function snatTo({ snatTo: own, policies }: Config): Intent['snatTo'] {
  const result: { [F in Family]?: Range } = {
    ...(own.ipv4 && { ip: own.ipv4 }),
    ...(own.ipv6 && { ip6: own.ipv6 }),
  }
  for (const [i, policy] of policies.entries()) {
    for (const address of policy?.virtualIPs ?? []) {
      const range = rangeBetween(address, address)
      const [text, known] = map([range, result[address.family] ?? range], formatEnds)
      if (text !== known) {
        throw new CniError(
          'invalidConfig',
          `Cannot use the VirtualIP "${text}" of policies[${i}]: "${known}" is asked for too; write one for ${FAMILIES[address.family].label}`,
        )
      }
      result[address.family] = range
    }
  }
  return result
}
