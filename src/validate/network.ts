import { toCniError } from '../cni/error'
import { isObject, type JsonObject } from '../cni/json'
import { parseNetworkName } from '../config/network-name'
import { find, type Part, type Report } from './judgement'
import { judgeNeighbours, judgeOrder } from './neighbours'
import { judgeOwnConfig } from './own-config'
import { addressesGiven, isOurs, type PlacedPlugin } from './plugins'
import { judgeVersions } from './version'

/** A network: the list of a conflist, and the drop-ins that a runtime appends to it. */
export interface Network {
  readonly list: JsonObject
  readonly part: Part
  readonly dropIns: readonly PlacedPlugin[]
  /** The network is written as one plugin, whose keys are also those of the list. */
  readonly isSingle?: true
}

export function pluginsOf({ list, part, dropIns, isSingle }: Network): PlacedPlugin[] {
  if (isSingle) return [{ plugin: list, part }, ...dropIns]
  const inline: readonly unknown[] = Array.isArray(list.plugins) ? list.plugins : []
  return [
    ...inline.flatMap((plugin, i) =>
      isObject(plugin) ? [{ plugin, part: { ...part, path: [...part.path, 'plugins', i] } }] : [],
    ),
    ...dropIns,
  ]
}

export function hasOurs(network: Network): boolean {
  return pluginsOf(network).some(isOurs)
}

/** Judges the parts of a network that have to do with ip-masq. */
export async function judgeNetwork(report: Report, network: Network): Promise<void> {
  const { list, part } = network
  const plugins = pluginsOf(network)
  judgeName(report, part, list)
  judgeVersions(report, part, list)
  judgeOrder(report, plugins)
  const ips = addressesGiven(plugins)
  const { name, cniVersion } = list
  let own = { pinExemptions: false }
  for (const { plugin, part: at } of plugins.filter(isOurs)) {
    // This is the config that libcni passes on.
    own = await judgeOwnConfig(report, at, { config: { ...plugin, name, cniVersion }, ips })
  }
  judgeNeighbours(report, { list, plugins }, own)
}

function judgeName(report: Report, part: Part, list: JsonObject): void {
  try {
    parseNetworkName(list)
  } catch (error) {
    const { message } = toCniError(error)
    find(report, part, { severity: 'error', rule: 'network-name', path: ['name'], message })
  }
}
