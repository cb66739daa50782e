import type { Wanted } from '../backend/backend'
import { type Networks, pluginsOf } from '../cni/conflists'
import { toCniError } from '../cni/error'
import { isObject, type JsonObject } from '../cni/json'
import { distinctAddresses, type InterfaceAddress, parseAddresses } from '../cni/prev-result'
import type { CachedAttachment, ResultCache } from '../cni/result-cache'
import { parseConfig } from '../config/parse'
import { type Address, formatAddress } from '../policy/address'
import { decidePolicy, ownSubnets, type Policy } from '../policy/policy'
import { formatPrefix } from '../policy/prefix'

const PLUGIN_TYPE = 'ip-masq'

export interface WantedAttachments {
  readonly wanted: readonly Wanted[]
  /** What was left out, a line each. */
  readonly warnings: readonly string[]
  /** A conflist that is wrong: its attachments keep what they have, and sync did not do all of its job. */
  readonly errors: readonly string[]
}

/** Our part of a network, and whether it is only what the ADD had. */
interface Plugin {
  readonly config: JsonObject
  readonly isFallback: boolean
}

/**
 * What should be there: for every attachment in the cache whose network uses ip-masq and whose netns is not known to
 * be gone (the cache outlives a reboot), the rules that its conflist asks for now. Where there is no conflist any more,
 * or none that can be read, the one of its ADD: good enough for a pod without rules, never a reason to change one.
 */
export function wantedAttachments(
  cache: ResultCache,
  networks: Networks,
  isGone: (netns: string) => boolean,
): WantedAttachments {
  const errors = new Set<string>()
  const usable = (
    network: string,
    config: JsonObject | undefined,
    isFallback: boolean,
  ): Plugin | undefined => {
    try {
      if (config) parseConfig(config)
      return config && { config, isFallback }
    } catch (error) {
      errors.add(`network ${network}: ${toCniError(error).message}`)
      return undefined
    }
  }
  const plugins = new Map(
    [...networks.networks].map(([name, network]) => [
      name,
      lazily(() => usable(name, findPlugin(network.plugins), false)),
    ]),
  )
  const { wanted, warnings } = wantedOf(cache, isGone, (cached) => {
    const { network } = cached.attachment
    const plugin = plugins.get(network)
    if (plugin) return plugin()
    if (networks.problems.length > 0)
      errors.add(`network ${network}: no conflist of that name that can be read`)
    return usable(network, findPlugin(pluginsIn(cached)), true)
  })
  const unreadable = cache.unreadable.map((file) => `skipped the unreadable cache file ${file}`)
  return {
    wanted,
    warnings: [...networks.problems.map((problem) => `skipped ${problem}`), ...unreadable, ...warnings],
    errors: [...errors],
  }
}

/** Once, when first asked for: a list of thousands is read for all pods of a network together. */
function lazily<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** Of a plugin that stands in a network twice, inline and as a drop-in, the last has the last word at an ADD too. */
function findPlugin(plugins: readonly JsonObject[]): JsonObject | undefined {
  return plugins.findLast(({ type }) => type === PLUGIN_TYPE)
}

function pluginsIn({ readConflist }: CachedAttachment): readonly JsonObject[] {
  const conflist = readConflist()
  return isObject(conflist) ? pluginsOf(conflist) : []
}

/**
 * The rules of cached attachments, by the plugin that `pluginOf` finds for each. Results that cannot be read are left
 * out with a warning; no address is wanted by two.
 */
export function wantedOf(
  cache: ResultCache,
  isGone: (netns: string) => boolean,
  pluginOf: (cached: CachedAttachment) => Plugin | undefined,
): { readonly wanted: readonly Wanted[]; readonly warnings: readonly string[] } {
  const warnings: string[] = []
  const policyOf = policyMemory()
  const candidates = cache.attachments.flatMap((cached): Candidate[] => {
    if (cached.netns !== undefined && isGone(cached.netns)) return []
    try {
      const plugin = pluginOf(cached)
      if (!plugin) return []
      const ips = parseAddresses(cached.result, cached.attachment.ifname)
      const policy = policyOf(plugin.config, ips)
      const { isFallback } = plugin
      return [
        {
          cached,
          wanted: { attachment: cached.attachment, addresses: distinctAddresses(ips), policy, isFallback },
        },
      ]
    } catch (error) {
      warnings.push(
        `skipped the cache file ${cached.file}: ${error instanceof Error ? error.message : error}`,
      )
      return []
    }
  })
  return { wanted: oneForEachAddress(candidates), warnings }
}

/** Pods of one network and one subnet share a policy, and its list is parsed and put in order once. */
function policyMemory() {
  const policies = new Map<JsonObject, Map<string, Policy>>()
  return (config: JsonObject, ips: readonly InterfaceAddress[]): Policy => {
    const subnets = ownSubnets(ips).map(formatPrefix).join()
    const known = policies.get(config) ?? new Map<string, Policy>()
    policies.set(config, known)
    const policy = known.get(subnets) ?? decidePolicy(parseConfig(config), ips)
    known.set(subnets, policy)
    return policy
  }
}

interface Candidate {
  readonly cached: CachedAttachment
  readonly wanted: Wanted
}

/** Of two entries for one address, one is stale: the one without a recorded netns, or else the older file. */
function oneForEachAddress(candidates: readonly Candidate[]): Wanted[] {
  const winners = new Map<string, Candidate>()
  const rank = ({ cached }: Candidate) => [cached.netns === undefined ? 0 : 1, cached.modified] as const
  for (const candidate of candidates) {
    for (const address of candidate.wanted.addresses.map(formatAddress)) {
      const other = winners.get(address)
      const [[known, modified], [otherKnown, otherModified]] = [
        rank(candidate),
        other ? rank(other) : [-1, 0],
      ]
      if (known > otherKnown || (known === otherKnown && modified >= otherModified))
        winners.set(address, candidate)
    }
  }
  return candidates.map((candidate) => {
    const isOurs = (address: Address) => winners.get(formatAddress(address)) === candidate
    return { ...candidate.wanted, addresses: candidate.wanted.addresses.filter(isOurs) }
  })
}
