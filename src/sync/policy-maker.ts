import { isObject, type JsonObject } from '../cni/json'
import type { InterfaceAddress } from '../cni/prev-result'
import type { CachedAttachment } from '../cni/result-cache'
import { intentOf, type Settings } from '../config/intent'
import { parsePodCIDRs } from '../config/parse'
import { readSettings } from '../config/settings'
import { decidePolicy, ownSubnets, type Policy } from '../policy/policy'
import { formatPrefix } from '../policy/prefix'

/** The policies of one plugin in one network: its config is read once for all pods, and equal pods share a policy. */
export interface PolicyMaker {
  (pod: CachedAttachment, ips: readonly InterfaceAddress[]): Policy
  /** What its files are worth telling an operator. */
  readonly warnings: readonly string[]
}

/**
 * Reads the plugin's config and the files that it names, once. A runtimeConfig in it is of the one pod that it came
 * with: each pod gets its own, from the cache. Throws CniError.
 */
export async function policyMaker({ runtimeConfig: _, ...plugin }: JsonObject): Promise<PolicyMaker> {
  const settings = await readSettings(plugin)
  // Also what is wrong with it for every pod.
  const { warnings } = intentOf(settings, 'any')
  const policies = new Map<string, Policy>()
  const make = (pod: CachedAttachment, ips: readonly InterfaceAddress[]) => {
    const runtimeConfig = runtimeConfigOf(plugin, pod)
    const { namespace } = pod.attachment
    const key = JSON.stringify([namespace, runtimeConfig, ownSubnets(ips).map(formatPrefix)])
    const policy = policies.get(key) ?? decide(settings, { ...plugin, runtimeConfig }, { namespace, ips })
    policies.set(key, policy)
    return policy
  }
  return Object.assign(make, { warnings })
}

function decide(
  settings: Settings,
  plugin: JsonObject,
  pod: { readonly namespace: string; readonly ips: readonly InterfaceAddress[] },
): Policy {
  const podCIDRs = parsePodCIDRs(plugin)
  const config = podCIDRs ? { ...settings.config, podCIDRs } : settings.config
  return decidePolicy(intentOf({ ...settings, config }, pod.namespace).intent, pod.ips)
}

/** What libcni would send: of the runtime's arguments those that the plugin declares (`InjectRuntimeConfig`). */
function runtimeConfigOf({ capabilities }: JsonObject, { capabilityArgs }: CachedAttachment): JsonObject {
  const declared = isObject(capabilities) ? capabilities : {}
  return Object.fromEntries(Object.entries(capabilityArgs).filter(([key]) => declared[key] === true))
}
