import type { BackendSetting, CarrierSetting } from '../backend/backend'
import { isObject, type JsonObject } from '../cni/json'
import type { InterfaceAddress } from '../cni/prev-result'
import type { CachedAttachment } from '../cni/result-cache'
import { backendSetting } from '../config/backend-setting'
import { intentOf, isChosen, warningsOf } from '../config/intent'
import { parsePodCIDRs, podPart } from '../config/parse'
import { readSettings } from '../config/settings'
import { decidePolicy, ownSubnets, type Policy } from '../policy/policy'
import { formatPrefix } from '../policy/prefix'

/** The policies of one plugin in one network: its config is read once for all pods, and equal pods share a policy. */
export interface PolicyMaker {
  (pod: CachedAttachment, ips: readonly InterfaceAddress[]): Policy
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
  intentOf(settings, '')
  const policies = new Map<string, Policy>()
  const make = (pod: CachedAttachment, ips: readonly InterfaceAddress[]) => {
    const { namespace } = pod.attachment
    const own = {
      // What stands in the conflist on disk is newer than what the runtime had at the ADD.
      ...podPart({ args: pod.readArgs() }),
      ...podPart({ ...plugin, runtimeConfig: runtimeConfigOf(plugin, pod) }),
    }
    // All that a pod may differ in.
    const key = JSON.stringify([isChosen(settings.config, namespace), own, ownSubnets(ips).map(formatPrefix)])
    const known = policies.get(key)
    if (known) return known
    const podCIDRs = parsePodCIDRs(own)
    const config = podCIDRs ? { ...settings.config, podCIDRs } : settings.config
    const policy = decidePolicy(intentOf({ ...settings, config }, namespace), ips)
    policies.set(key, policy)
    return policy
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
