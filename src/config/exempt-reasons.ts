import { isObject } from '../cni/json'
import { ALWAYS_EXEMPT, DEFAULTS, LINK_LOCAL, ownSubnets } from '../policy/decide'
import { formatPrefix, type Prefix } from '../policy/prefix'
import { prefixesIn } from '../policy/prefixes'
import { FLANNEL_SUBNET_FILE } from './flannel'
import type { Path } from './path'
import { ofFile, ofKey, type PodConfig, type Reason } from './reason'

/**
 * The exemptions of the whole config. `policyPaths` are the places of the Windows policies' exceptions that join the
 * list.
 */
export function exemptReasons(pod: PodConfig, policyPaths: readonly Path[]): Reason[] {
  const { config, sources } = pod.settings
  const { masqLinkLocal, masqLinkLocalIPv6 } = LINK_LOCAL
  const has = (key: 'masqLinkLocal' | 'masqLinkLocalIPv6') =>
    config[key] || sources.files.some((file) => file[key])
  return [
    ...(config.podCIDRs ? podReasons(pod, config.podCIDRs) : listedReasons(pod, policyPaths)),
    ...flannelReasons(pod),
    ...ALWAYS_EXEMPT.map(builtIn),
    ...(has('masqLinkLocal') ? [] : [builtIn(masqLinkLocal)]),
    ...(has('masqLinkLocalIPv6') ? [] : [builtIn(masqLinkLocalIPv6)]),
    ...ownSubnets(pod.ips).map((prefix) =>
      exempt(prefix, { cause: { kind: 'subnet', text: "the pod's own subnet" } }),
    ),
  ]
}

export function keyReasons(pod: PodConfig, list: readonly Prefix[], pathOf: (i: number) => Path): Reason[] {
  return list.map((prefix, i) => exempt(prefix, ofKey(pod, pathOf(i))))
}

function exempt(prefix: Prefix, by: Pick<Reason, 'cause' | 'where'>): Reason {
  return { prefix, verdict: 'exempt', ...by }
}

/** Any configured list replaces the default one. */
function listedReasons(pod: PodConfig, policyPaths: readonly Path[]): Reason[] {
  const { config, sources } = pod.settings
  const { nonMasqueradeCIDRs: own, nonMasqueradeDefaults, policies } = config
  const isListed =
    own !== undefined ||
    policies.some((policy) => policy?.exceptions) ||
    sources.files.some((file) => file.nonMasqueradeCIDRs)
  if (!isListed) {
    const text = `the list of nonMasqueradeDefaults "${nonMasqueradeDefaults}"`
    return DEFAULTS[nonMasqueradeDefaults]().map((prefix) =>
      exempt(prefix, { cause: { kind: 'default', text } }),
    )
  }
  const ofPolicies = policyPaths.length > 0 ? policies.flatMap((policy) => policy?.exceptions ?? []) : []
  return [
    ...keyReasons(pod, prefixesIn(own ?? []), (i) => ['nonMasqueradeCIDRs', i]),
    ...keyReasons(pod, ofPolicies, (i) => policyPaths[i] ?? ['policies']),
    ...sources.files.flatMap(({ path, nonMasqueradeCIDRs = [] }) =>
      prefixesIn(nonMasqueradeCIDRs).map((prefix, i) =>
        exempt(prefix, ofFile(path, ['nonMasqueradeCIDRs', i], 'agent')),
      ),
    ),
  ]
}

/** The runtime's list comes before the list in the arguments, as in `parsePodCIDRs`. */
function podReasons({ raw }: PodConfig, list: readonly Prefix[]): Reason[] {
  const has = (value: unknown) => isObject(value) && value.nonMasqueradeCIDRs !== undefined
  const place = has(raw.runtimeConfig) && raw.podLists !== 'args' ? 'runtimeConfig' : 'args.cni'
  return list.map((prefix, i) =>
    exempt(prefix, { cause: { kind: 'pod', text: `${place}.nonMasqueradeCIDRs[${i}]` } }),
  )
}

/** flanneld writes one line for each family. */
function flannelReasons({ settings: { config, sources } }: PodConfig): Reason[] {
  const { flannelSubnetFile: setting } = config
  if (setting === false) return []
  const file = setting === true ? FLANNEL_SUBNET_FILE : setting
  return sources.clusterCIDRs.map((prefix) => {
    const key = prefix.family === 'ip' ? 'FLANNEL_NETWORK' : 'FLANNEL_IPV6_NETWORK'
    const ofFamily = sources.clusterCIDRs.filter((other) => other.family === prefix.family)
    return exempt(prefix, ofFile(file, [key, ofFamily.indexOf(prefix)], 'env'))
  })
}

const WORDS: Readonly<Record<string, string>> = {
  '224.0.0.0/4': 'multicast',
  'ff00::/8': 'multicast',
  '255.255.255.255/32': 'broadcast',
  '169.254.0.0/16': 'link-local (masqLinkLocal is off)',
  'fe80::/10': 'link-local (masqLinkLocalIPv6 is off)',
}

function builtIn(prefix: Prefix): Reason {
  return exempt(prefix, { cause: { kind: 'builtIn', text: WORDS[formatPrefix(prefix)] ?? '' } })
}
