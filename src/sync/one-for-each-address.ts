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
  let isShared = false
  for (const candidate of candidates) {
    const { addresses } = candidate.wanted
    for (let i = 0; i < addresses.length; i++) {
      const address = addresses[i]
      if (!address) continue
      const mapped = toMapped(address)
      const other = winners.get(mapped)
      if (other) isShared = true
      if (!other || isBetter(candidate.cached, other.cached)) winners.set(mapped, candidate)
    }
  }
  if (!isShared) return candidates.map(({ wanted }) => wanted)
  return candidates.map((candidate) => {
    const isOurs = (address: Address) => winners.get(toMapped(address)) === candidate
    const { wanted } = candidate
    if (wanted.addresses.every(isOurs)) return wanted
    return { ...wanted, addresses: wanted.addresses.filter(isOurs), ofResult: wanted.addresses }
  })
}

/** Of two equals, the one that is read later. */
function isBetter(one: CachedAttachment, other: CachedAttachment): boolean {
  const isKnown = one.netns !== undefined
  return isKnown === (other.netns !== undefined) ? one.modified >= other.modified : isKnown
}
