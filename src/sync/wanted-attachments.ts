import type { Wanted } from '../backend/backend'
import { type Networks, pluginsOf } from '../cni/conflists'
import { toCniError } from '../cni/error'
import { isObject, type JsonObject } from '../cni/json'
import { distinctAddresses, parseAddresses } from '../cni/prev-result'
import type { CachedAttachment, ResultCache } from '../cni/result-cache'
import { parseConfig } from '../config/parse'
import { type Address, formatAddress } from '../policy/address'
import { decidePolicy } from '../policy/policy'

export const PLUGIN_TYPE = 'ip-masq'

export interface Sources {
  readonly cache: ResultCache
  readonly networks: Networks
  readonly netnsExists: (path: string) => boolean
}

export interface WantedAttachments {
  readonly wanted: readonly Wanted[]
  /** What could not be used, a line each. */
  readonly warnings: readonly string[]
  /** A conflist or result that is wrong: its attachments keep what they have, and sync did not do all of its job. */
  readonly errors: readonly string[]
}

/**
 * What should be there: for every attachment in the cache whose network uses ip-masq and whose netns is not known to
 * be gone (the cache outlives a reboot), the rules that its conflist asks for now; the conflist of its ADD where
 * there is none any more.
 */
export function wantedAttachments(sources: Sources): WantedAttachments {
  const { cache, networks, netnsExists } = sources
  const errors = new Set<string>()
  const live = cache.attachments.filter(({ netns }) => netns === undefined || netnsExists(netns))
  const wanted = live.flatMap((cached) => {
    const { network } = cached.attachment
    try {
      const plugin = findPlugin(networks.networks.get(network)?.plugins ?? pluginsIn(cached))
      return plugin ? [{ cached, wanted: wantedBy(plugin, cached) }] : []
    } catch (error) {
      errors.add(`network ${network}: ${toCniError(error).message}`)
      return []
    }
  })
  const unreadable = cache.unreadable.map((file) => `skipped the unreadable cache file ${file}`)
  return {
    wanted: oneForEachAddress(wanted),
    warnings: [...networks.problems.map((problem) => `skipped ${problem}`), ...unreadable],
    errors: [...errors],
  }
}

/** Our part of a network, if it has one. */
export function findPlugin(plugins: readonly JsonObject[]): JsonObject | undefined {
  return plugins.find(({ type }) => type === PLUGIN_TYPE)
}

function pluginsIn({ conflist }: CachedAttachment): readonly JsonObject[] {
  return isObject(conflist) ? pluginsOf(conflist) : []
}

/** The rules that this config asks for an attachment whose result is known. */
export function wantedBy(plugin: JsonObject, { attachment, result }: CachedAttachment): Wanted {
  const ips = parseAddresses(result, attachment.ifname)
  return { attachment, addresses: distinctAddresses(ips), policy: decidePolicy(parseConfig(plugin), ips) }
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
