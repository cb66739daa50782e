import { isObject, type JsonObject } from '../cni/json'
import type { CachedAttachment } from '../cni/result-cache'
import { intentOf, isChosen, type Settings } from '../config/intent'
import { parsePodCIDRs } from '../config/parse'
import { ignoredPodListsIn, podPart } from '../config/pod-lists'
import { type Decision, decide } from '../config/wanted'
import { ignoredPodListWarning } from '../config/warnings'
import { FAMILIES } from '../policy/address'
import { isPodChosen, wideSubnetWarnings } from '../policy/decide'
import type { InterfaceAddress } from '../policy/prefix'
import { once } from '../system/once'

/** Decides what one plugin in one network requests, for each of its pods. */
export type Decide = (
  pod: CachedAttachment,
  ips: readonly InterfaceAddress[],
) => { readonly decision: Decision; readonly warnings: readonly string[] }

/**
 * Equal pods get the same decision, which is made once, because a list may have thousands of prefixes. `settings` are the
 * plugin's, and nothing in them may be of a single pod; each pod's own list comes from the cache. Throws CniError.
 */
export function deciderOf(plugin: JsonObject, settings: Settings): Decide {
  // Faults that concern every pod throw here.
  const common = intentOf(settings, '')
  const withoutList = once(() => podListsOf(plugin, NO_LIST))
  const decided = new Map<string, ReturnType<Decide>>()
  return (pod, ips) => {
    const { namespace } = pod.attachment
    const { own, ignored } = mayHaveList(pod) ? podListsOf(plugin, pod) : withoutList()
    const lists = own === withoutList().own ? '' : JSON.stringify([own, ignored])
    // Pods may differ in nothing else.
    let key = `${isChosen(settings.config, namespace)} ${isPodChosen(common, 'ip', ips)} ${isPodChosen(common, 'ip6', ips)} ${lists}`
    for (let i = 0; i < ips.length; i++) key += ` ${wordSubnet(ips[i])}`
    const known = decided.get(key)
    if (known) return known
    const podCIDRs = parsePodCIDRs(own)
    const ofPod = podCIDRs ? { ...settings, config: { ...settings.config, podCIDRs } } : settings
    const one = {
      decision: decide(ofPod, intentOf(ofPod, namespace), ips),
      warnings: [...ignored.map(ignoredPodListWarning), ...wideSubnetWarnings(ips)],
    }
    decided.set(key, one)
    return one
  }
}

/** The subnet of an address, unless that is the address alone. BigInt does this in a third of the time that `subnetOf` takes. */
function wordSubnet(one: InterfaceAddress | undefined): string {
  if (!one) return ''
  const { family, value } = one.address
  const { length } = one
  const { bits } = FAMILIES[family]
  return length < bits ? `${value >> BigInt(bits - length)}/${length} ${family}` : ''
}

const NO_LIST = { config: { readArgs: () => undefined }, capabilityArgs: {} }

/** Whether a pod may have a list. Nearly no pod has one, and finding out what its lists are takes as long as all the rest. */
function mayHaveList({ capabilityArgs, config }: CachedAttachment): boolean {
  return Object.hasOwn(capabilityArgs, 'nonMasqueradeCIDRs') || config.readArgs() !== undefined
}

interface PodArguments {
  readonly config: Pick<CachedAttachment['config'], 'readArgs'>
  readonly capabilityArgs: JsonObject
}

/**
 * The lists that a cached pod has of its own: the ones that count, as a part of a config, and the places of the others.
 * The conflist on disk is newer than the arguments that the runtime had at the ADD.
 */
export function podListsOf(
  plugin: JsonObject,
  pod: PodArguments,
): { readonly own: JsonObject; readonly ignored: readonly string[] } {
  const args = { podLists: plugin.podLists, args: pod.config.readArgs() }
  const others = { ...plugin, runtimeConfig: runtimeConfigOf(plugin, pod) }
  return {
    own: { podLists: plugin.podLists, ...podPart(args), ...podPart(others) },
    ignored: [...new Set([...ignoredPodListsIn(args), ...ignoredPodListsIn(others)])],
  }
}

/**
 * The runtimeConfig that libcni would send: those of the runtime's arguments that the plugin declares
 * (`InjectRuntimeConfig`).
 */
function runtimeConfigOf(
  { capabilities }: JsonObject,
  { capabilityArgs }: Pick<CachedAttachment, 'capabilityArgs'>,
): JsonObject {
  const declared = isObject(capabilities) ? capabilities : {}
  return Object.fromEntries(Object.entries(capabilityArgs).filter(([key]) => declared[key] === true))
}
