import type { Family } from '../policy/address'
import { isPodChosen } from '../policy/decide'
import type { Prefix } from '../policy/prefix'
import { matchesAny } from './namespaces'
import { ofFile, ofKey, type PodConfig, type Reason } from './reason'

/** Why nothing in a family is masqueraded, whatever the destination; undefined where something may be. */
export function familyOff(pod: PodConfig, family: Family): Pick<Reason, 'cause' | 'where'> | undefined {
  const { settings, namespace, ips } = pod
  const { onlyNamespaces, exceptNamespaces, onlyPodCIDRs, exceptPodCIDRs, ipv4, ipv6 } = settings.config
  if (family === 'ip' && !ipv4) return ofKey(pod, ['ipv4'])
  if (family === 'ip6' && !ipv6) return ofKey(pod, ['ipv6'])
  if (onlyNamespaces && !matchesAny(onlyNamespaces, namespace)) return ofKey(pod, ['onlyNamespaces'])
  const at = exceptNamespaces.findIndex((pattern) => matchesAny([pattern], namespace))
  if (at >= 0) return ofKey(pod, ['exceptNamespaces', at])
  if (onlyPodCIDRs && !isPodChosen({ onlyPodCIDRs, exceptPodCIDRs: [] }, family, ips)) {
    return ofKey(pod, ['onlyPodCIDRs'])
  }
  /** The place where a list has a prefix that excepts the pod. */
  const excepting = (list: readonly Prefix[]) =>
    list.findIndex((prefix) => !isPodChosen({ exceptPodCIDRs: [prefix] }, family, ips))
  const index = excepting(exceptPodCIDRs)
  if (index >= 0) return ofKey(pod, ['exceptPodCIDRs', index])
  for (const { path, nonMasqueradeSrcCIDRs = [] } of settings.sources.files) {
    const inFile = excepting(nonMasqueradeSrcCIDRs)
    if (inFile >= 0) return ofFile(path, ['nonMasqueradeSrcCIDRs', inFile], 'agent')
  }
  return undefined
}
