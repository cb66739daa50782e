import type { Origin, Wanted } from '../backend/backend'
import { findOwnPlugin, type Networks, pluginsOf } from '../cni/conflists'
import { toCniError } from '../cni/error'
import { isObject, type JsonObject } from '../cni/json'
import { distinctAddresses, parseAddresses } from '../cni/prev-result'
import type { CachedAttachment, ResultCache } from '../cni/result-cache'
import { filesNamedIn } from '../config/sources'
import { type Address, formatAddress } from '../policy/address'
import { type PolicyMaker, policyMaker } from './policy-maker'

export interface WantedAttachments {
  readonly wanted: readonly Wanted[]
  /** What was left out, a line each. */
  readonly warnings: readonly string[]
  /** A conflist that is wrong: its attachments keep what they have, and sync did not do all of its job. */
  readonly errors: readonly string[]
  /** Paths and globs that the conflists name, besides: what is read there may change. */
  readonly files: readonly string[]
}

/** Our part of a network, and whether it is only what the ADD had. */
interface Plugin {
  readonly policyFor: PolicyMaker
  readonly isFallback: boolean
}

/**
 * What should be there: for every attachment in the cache whose network uses ip-masq and whose netns is not known to
 * be gone (the cache outlives a reboot), the rules that its conflist asks for now. Where there is no conflist any more,
 * or none that can be read, the one of its ADD: good enough for a pod without rules, never a reason to change one.
 */
export async function wantedAttachments(
  cache: ResultCache,
  networks: Networks,
  isGone: (netns: string) => boolean,
): Promise<WantedAttachments> {
  const [errors, settingsWarnings, files] = [new Set<string>(), new Set<string>(), new Set<string>()]
  const read = async (network: string, config: JsonObject | undefined, isFallback: boolean) => {
    if (!config) return undefined
    try {
      for (const file of filesNamedIn(config)) files.add(file)
      const policyFor = await policyMaker(config)
      for (const warning of policyFor.warnings) settingsWarnings.add(`network ${network}: ${warning}`)
      return { policyFor, isFallback }
    } catch (error) {
      errors.add(`network ${network}: ${toCniError(error).message}`)
      return undefined
    }
  }
  const plugins = new Map(
    [...networks.networks].map(([name, network]) => [
      name,
      lazily(() => read(name, findOwnPlugin(network.plugins), false)),
    ]),
  )
  const { wanted, warnings } = await wantedOf(cache, isGone, async (cached) => {
    const { network } = cached.attachment
    const plugin = plugins.get(network)
    if (plugin) return plugin()
    if (networks.problems.length > 0)
      errors.add(`network ${network}: no conflist of that name that can be read`)
    return read(network, findOwnPlugin(pluginsIn(cached)), true)
  })
  const unreadable = cache.unreadable.map((file) => `skipped the unreadable cache file ${file}`)
  return {
    wanted,
    files: [...files],
    warnings: [
      ...networks.problems.map((problem) => `skipped ${problem}`),
      ...unreadable,
      ...settingsWarnings,
      ...warnings,
    ],
    errors: [...errors],
  }
}

/** Once, when first asked for: a list of thousands is read for all pods of a network together. */
function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}

function pluginsIn({ readConflist }: CachedAttachment): readonly JsonObject[] {
  const conflist = readConflist()
  return isObject(conflist) ? pluginsOf(conflist) : []
}

/**
 * The rules of cached attachments, by the plugin that `pluginOf` finds for each. Results that cannot be read are left
 * out with a warning; no address is wanted by two.
 */
export async function wantedOf(
  cache: ResultCache,
  isGone: (netns: string) => boolean,
  pluginOf: (cached: CachedAttachment) => Promise<Plugin | undefined>,
): Promise<{ readonly wanted: readonly Wanted[]; readonly warnings: readonly string[] }> {
  const [warnings, settingsWarnings]: [string[], Set<string>] = [[], new Set()]
  const candidates: Candidate[] = []
  const originOf = originsByConflist()
  for (const cached of cache.attachments) {
    if (cached.netns !== undefined && isGone(cached.netns)) continue
    try {
      const plugin = await pluginOf(cached)
      if (!plugin) continue
      const { wanted, warnings: said } = wantedBy(cached, plugin)
      for (const warning of said) settingsWarnings.add(`network ${cached.attachment.network}: ${warning}`)
      candidates.push({ cached, wanted: { ...wanted, origin: originOf(cached) } })
    } catch (error) {
      warnings.push(
        `skipped the cache file ${cached.file}: ${error instanceof Error ? error.message : error}`,
      )
    }
  }
  return { wanted: oneForEachAddress(candidates), warnings: [...settingsWarnings, ...warnings] }
}

function wantedBy(
  cached: CachedAttachment,
  { policyFor, isFallback }: Plugin,
): { wanted: Wanted; warnings: readonly string[] } {
  const { attachment, result } = cached
  const ips = parseAddresses(result, attachment.ifname)
  const { warnings, ...decision } = policyFor(cached, ips)
  const wanted = {
    attachment,
    addresses: distinctAddresses(ips),
    ...decision,
    setting: policyFor.setting,
    carrier: policyFor.carrier,
    ...(cached.netns !== undefined && { netns: cached.netns }),
    isFallback,
  }
  return { wanted, warnings }
}

/**
 * Some runtimes take DEL from the conflist that they cached at the ADD (CRI-O). Where that one has no ip-masq, no DEL will
 * come to us, and whoever removes rules has to know it. All pods of a network have the same text, so it is read once.
 */
function originsByConflist(): (cached: CachedAttachment) => Origin {
  const known = new Map<string, Origin>()
  return (cached) => {
    const origin = known.get(cached.config) ?? readOrigin(cached)
    known.set(cached.config, origin)
    return origin
  }
}

function readOrigin(cached: CachedAttachment): Origin {
  try {
    return findOwnPlugin(pluginsIn(cached)) ? 'restored' : 'adopted'
  } catch {
    // A torn conflist says nothing, and must not cost the pod its rules.
    return 'restored'
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
