import type { Wanted } from '../backend/backend'
import type { CachedAttachment } from '../cni/result-cache'
import { type Address, toMapped } from '../policy/address'

export interface Candidate {
  readonly cached: CachedAttachment
  readonly wanted: Wanted
}

/**
 * Keeps one entry per address. If two entries have the same address, one is stale: the one without a recorded netns, or
 * else the older file.
 */
export function oneForEachAddress(candidates: readonly Candidate[]): Wanted[] {
  const winners = new Map<bigint, Candidate>()
  const rank = ({ cached }: Candidate) => [cached.netns === undefined ? 0 : 1, cached.modified] as const
  for (const candidate of candidates) {
    for (const address of candidate.wanted.addresses.map(toMapped)) {
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
    const isOurs = (address: Address) => winners.get(toMapped(address)) === candidate
    const { wanted } = candidate
    const addresses = wanted.addresses.filter(isOurs)
    return addresses.length === wanted.addresses.length
      ? wanted
      : { ...wanted, addresses, ofResult: wanted.addresses }
  })
}
