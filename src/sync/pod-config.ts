import { findOwnPlugin, type Network } from '../cni/conflists'
import type { JsonObject } from '../cni/json'
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
  return { ...(await podConfigBy(plugin, cached)), ...(at && { at }) }
}

/** The same by a plugin's config whose place is not known. */
export async function podConfigBy(plugin: JsonObject, cached: CachedAttachment): Promise<PodConfig> {
  const settings = await readSettings(plugin)
  const { own } = podListsOf(plugin, cached)
  const podCIDRs = parsePodCIDRs(own)
  const { attachment, result } = cached
  return {
    settings: podCIDRs ? { ...settings, config: { ...settings.config, podCIDRs } } : settings,
    raw: { ...plugin, ...own },
    namespace: attachment.namespace,
    ips: parseAddresses(result, attachment.ifname),
  }
}
