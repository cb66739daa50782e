import type { BackendSetting, CarrierSetting } from '../backend/backend'
import { isObject, type JsonObject } from '../cni/json'
import type { InterfaceAddress } from '../cni/prev-result'
import type { CachedAttachment } from '../cni/result-cache'
import { backendSetting } from '../config/backend-setting'
import { ignoredPodListWarning, intentOf, isChosen, warningsOf } from '../config/intent'
import { parsePodCIDRs } from '../config/parse'
import { ignoredPodListsIn, podPart } from '../config/pod-lists'
import { readSettings } from '../config/settings'
import { FAMILY_NAMES } from '../policy/address'
import { decidePolicy, isPodChosen, ownSubnets, type Policy, wideSubnetWarnings } from '../policy/policy'
import { formatPrefix, type Prefix } from '../policy/prefix'

export interface Decision {
  readonly policy: Policy
  /** The pod's own list, where the policy is made of it. */
  readonly podList?: readonly Prefix[]
  readonly warnings: readonly string[]
}

/** The policies of one plugin in one network: its config is read once for all pods, and equal pods share a policy. */
export interface PolicyMaker {
  (pod: CachedAttachment, ips: readonly InterfaceAddress[]): Decision
  readonly setting: BackendSetting
  readonly carrier: CarrierSetting
  /** What of its config and files is worth telling an operator. */
  readonly warnings: readonly string[]
}

/**
 * Reads the plugin's config and the files that it names, once; nothing in it may be of one pod. Each pod's own list
 * comes from the cache. Throws CniError.
 */
export async function policyMaker(plugin: JsonObject): Promise<PolicyMaker> {
  const settings = await readSettings(plugin)
  // What is wrong with it for every pod.
  const common = intentOf(settings, '')
  const decisions = new Map<string, Decision>()
  const make = (pod: CachedAttachment, ips: readonly InterfaceAddress[]) => {
    const { namespace } = pod.attachment
    // What the conflist on disk says is newer than what the runtime had at the ADD.
    const args = { podLists: plugin.podLists, args: pod.readArgs() }
    const others = { ...plugin, runtimeConfig: runtimeConfigOf(plugin, pod) }
    const own = { podLists: plugin.podLists, ...podPart(args), ...podPart(others) }
    const ignored = [...new Set([...ignoredPodListsIn(args), ...ignoredPodListsIn(others)])]
    // All that a pod may differ in.
    const [subnets, wide] = [ownSubnets(ips).map(formatPrefix), wideSubnetWarnings(ips)]
    const chosen = FAMILY_NAMES.map((family) => isPodChosen(common, family, ips))
    const key = JSON.stringify([isChosen(settings.config, namespace), chosen, own, ignored, subnets, wide])
    const known = decisions.get(key)
    if (known) return known
    const podCIDRs = parsePodCIDRs(own)
    const config = podCIDRs ? { ...settings.config, podCIDRs } : settings.config
    const decision = {
      policy: decidePolicy(intentOf({ ...settings, config }, namespace), ips),
      ...(podCIDRs && { podList: podCIDRs }),
      warnings: [...ignored.map(ignoredPodListWarning), ...wide],
    }
    decisions.set(key, decision)
    return decision
  }
  const { carrier } = settings.config
  return Object.assign(make, {
    setting: backendSetting(settings.config),
    carrier,
    warnings: warningsOf(settings),
  })
}

/** What libcni would send: of the runtime's arguments those that the plugin declares (`InjectRuntimeConfig`). */
function runtimeConfigOf({ capabilities }: JsonObject, { capabilityArgs }: CachedAttachment): JsonObject {
  const declared = isObject(capabilities) ? capabilities : {}
  return Object.fromEntries(Object.entries(capabilityArgs).filter(([key]) => declared[key] === true))
}
