import { isObject, type JsonObject } from '../cni/json'
import { type Refuse, raise } from './fault'
import type { Config } from './keys'
import { readLeniently } from './plain'

/**
 * Lists that come with one pod. `runtimeConfig` comes from the runtime, for what the conflist's `capabilities` name.
 * `args` may come from whoever creates the pod: Multus copies an annotation there. So the operator chooses which of them
 * count.
 */

type Place = 'runtimeConfig' | 'args'

/** The places that count for each value of the key `podLists`. */
const COUNTING: Readonly<Record<Config['podLists'], readonly Place[]>> = {
  runtimeConfig: ['runtimeConfig'],
  args: ['args'],
  both: ['runtimeConfig', 'args'],
  none: [],
}

/** The most prefixes: whoever creates a pod must not make the node keep endless lists. */
const MOST_PREFIXES = 1000

/** The part of a config that is a list for one pod, and counts. */
export function podPart(config: JsonObject, refuse: Refuse = raise): JsonObject {
  const { runtimeConfig, args } = listsIn(config)
  const counting = countingIn(config)
  const limited = (path: readonly string[], part: JsonObject) => (isTooLong(part, path, refuse) ? {} : part)
  return {
    ...(runtimeConfig &&
      counting.includes('runtimeConfig') && { runtimeConfig: limited(['runtimeConfig'], runtimeConfig) }),
    ...(args && counting.includes('args') && { args: { cni: limited(['args', 'cni'], args) } }),
  }
}

/** The places where a config has a list for one pod that does not count. */
export function ignoredPodListsIn(config: JsonObject): string[] {
  const { runtimeConfig, args } = listsIn(config)
  const counting = countingIn(config)
  return [
    ...(runtimeConfig && !counting.includes('runtimeConfig') ? ['runtimeConfig.nonMasqueradeCIDRs'] : []),
    ...(args && !counting.includes('args') ? ['args.cni.nonMasqueradeCIDRs'] : []),
  ]
}

/** `podLists` may be of any type here: the schema refuses other values. */
function countingIn(config: JsonObject): readonly Place[] {
  return COUNTING[readLeniently(config, 'podLists')]
}

/** The lists for us, and nothing else: both objects belong to all plugins. */
function listsIn({ runtimeConfig, args }: JsonObject) {
  return { runtimeConfig: ownList(runtimeConfig), args: ownList(isObject(args) ? args.cni : undefined) }
}

function ownList(value: unknown): JsonObject | undefined {
  if (!isObject(value) || !Object.hasOwn(value, 'nonMasqueradeCIDRs')) return undefined
  return { nonMasqueradeCIDRs: value.nonMasqueradeCIDRs }
}

function isTooLong(part: JsonObject, path: readonly string[], refuse: Refuse): boolean {
  const { nonMasqueradeCIDRs: list } = part
  if (!Array.isArray(list) || list.length <= MOST_PREFIXES) return false
  const message = `Cannot use ${path.join('.')}.nonMasqueradeCIDRs: it has ${list.length} prefixes; write at most ${MOST_PREFIXES} for one pod`
  refuse({ reason: 'invalidConfig', path: [...path, 'nonMasqueradeCIDRs'], message })
  return true
}
