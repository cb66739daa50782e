import { findOwnPlugin, type Network, type Networks, pluginsOf } from '../cni/conflists'
import { toCniError } from '../cni/error'
import { isObject, type JsonObject } from '../cni/json'
import type { CachedAttachment } from '../cni/result-cache'
import type { PodConfig } from '../config/reason'
import { readSettings } from '../config/settings'
import { FAMILIES } from '../policy/address'
import { podConfigBy } from '../sync/pod-config'
import type { PodAddress } from './pods'

/** What the conflist asks for a pod, or why it is not known. */
export interface Asked {
  readonly config?: PodConfig
  /** Further remarks, one line each. */
  readonly notes: readonly string[]
  /** Conflists that cannot be used, one line each. */
  readonly problems: readonly string[]
}

/** Reads the plugin's config of a pod's network from the conflist on disk, or else from the conflist of the ADD. */
export async function askedFor(pod: PodAddress, networks: Networks, confDir: string): Promise<Asked> {
  const { cached, live } = pod
  const name = cached?.attachment.network ?? live?.note?.network
  if (name === undefined) return { notes: ['nobody knows which network it belongs to'], problems: [] }
  const network = networks.networks.get(name)
  const at = network && placeOf(network)
  if (network && !at)
    return { notes: [`network ${name}: ${confDir}/${network.file} has no ip-masq`], problems: [] }
  const isAbsent = !at && networks.exists
  const notes = isAbsent ? [`network ${name}: no conflist in ${confDir} has this name`] : []
  const nowhere = `there is no directory ${confDir}; name the right directory with --conf-dir or --profile`
  // One of the conflists that cannot be read may define the network.
  const problems = at ? [] : networks.exists ? networks.problems : [nowhere]
  const plugin = at ? at.plugin : pluginOfAdd(cached)
  if (!plugin) return { notes, problems }
  try {
    const config = await configOf(plugin, pod)
    if (at) return { config: { ...config, at: at.place }, notes, problems }
    const byCache = 'this is by the conflist of its ADD, as the runtime cached it'
    return { config, notes: [...notes, byCache], problems }
  } catch (error) {
    return { notes, problems: [...problems, `network ${name}: ${toCniError(error).message}`] }
  }
}

/** The last one counts, as in `findOwnPlugin`. */
function placeOf({ plugins, places }: Network) {
  const plugin = findOwnPlugin(plugins)
  const place = plugin && places[plugins.lastIndexOf(plugin)]
  return plugin && place && { plugin, place }
}

function pluginOfAdd(cached: CachedAttachment | undefined): JsonObject | undefined {
  try {
    const conflist = cached?.config.readConflist()
    return isObject(conflist) ? findOwnPlugin(pluginsOf(conflist)) : undefined
  } catch {
    return undefined
  }
}

async function configOf(plugin: JsonObject, { address, cached, live }: PodAddress): Promise<PodConfig> {
  if (cached) return podConfigBy(plugin, cached)
  return {
    settings: await readSettings(plugin),
    raw: plugin,
    namespace: live?.note?.pod.split('/')[0] ?? '',
    // Without a result nobody knows the subnet.
    ips: [{ address, length: FAMILIES[address.family].bits }],
  }
}
