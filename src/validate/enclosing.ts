import type { Reason } from '../config/reason'
import { addressOf } from '../policy/address'
import { type Prefix, subnetOf } from '../policy/prefix'

/** Finds the same prefix only. */
export function keyOf({ digits, length }: Prefix): string {
  return `${digits}/${length}`
}

/**
 * Finds the longest of the prefixes that is shorter than a given one and holds it. A list has thousands of prefixes and few
 * lengths, so each length is looked up once. Of equal prefixes the first one counts.
 */
export function enclosing(reasons: readonly Reason[]): (prefix: Prefix) => Reason | undefined {
  const known = new Map<string, Reason>()
  for (const reason of reasons) {
    const key = keyOf(reason.prefix)
    if (!known.has(key)) known.set(key, reason)
  }
  const lengths = [...new Set(reasons.map(({ prefix }) => prefix.length))].sort((a, b) => b - a)
  return ({ digits, length }) => {
    const address = addressOf(digits)
    for (const shorter of lengths) {
      const found = shorter < length ? known.get(keyOf(subnetOf(address, shorter))) : undefined
      if (found) return found
    }
    return undefined
  }
}
