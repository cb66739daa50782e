import { findOwnPlugin, type Network } from '../cni/conflists'
import { parseAddresses } from '../cni/prev-result'
import type { CachedAttachment } from '../cni/result-cache'
import { parsePodCIDRs } from '../config/parse'
import type { PodConfig } from '../config/reason'
import { readSettings } from '../config/settings'
import { podListsOf } from './decisions'

/**
 * The config that counts for a pod now, with its places: the config in the conflist on disk, and the lists that came with
 * the pod. Undefined where the network's conflist has no ip-masq. Throws CniError where the config cannot be used.
 */
export async function podConfigOf(
  cached: CachedAttachment,
  { plugins, places }: Network,
): Promise<PodConfig | undefined> {
  const plugin = findOwnPlugin(plugins)
  if (!plugin) return undefined
  const at = places[plugins.lastIndexOf(plugin)]
  const settings = await readSettings(plugin)
  const { own } = podListsOf(plugin, cached)
  const podCIDRs = parsePodCIDRs(own)
  const { attachment, result } = cached
  return {
    settings: podCIDRs ? { ...settings, config: { ...settings.config, podCIDRs } } : settings,
    raw: { ...plugin, ...own },
    ...(at && { at }),
    namespace: attachment.namespace,
    ips: parseAddresses(result, attachment.ifname),
  }
}
