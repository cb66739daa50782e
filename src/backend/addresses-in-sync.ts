import { type Address, isSameAddress } from '../policy/address'
import type { Wanted } from './backend'

/**
 * The addresses that a sync sees to: those that are wanted, and those of the same result that the attachment has already,
 * though another cache entry claims them, because a live owner is never replaced.
 *
 * Undefined where the attachment has an address that its cached result has not. An ADD writes its rules before the runtime
 * writes the cache, so what is wanted is older than what stands.
 */
export function addressesInSync(
  { addresses, ofResult = addresses }: Pick<Wanted, 'addresses' | 'ofResult'>,
  owned: readonly Address[],
): readonly Address[] | undefined {
  const isIn = (list: readonly Address[], address: Address) => list.some((one) => isSameAddress(one, address))
  if (!owned.every((address) => isIn(ofResult, address))) return undefined
  return [...addresses, ...owned.filter((address) => !isIn(addresses, address))]
}
