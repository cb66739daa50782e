import { type Address, isSameAddress } from '../policy/address'
import type { Wanted } from './backend'

/**
 * The addresses that a sync sees to: the wanted ones, and those of the same result that the attachment already has
 * although another cache entry claims them. A live owner is never replaced.
 *
 * Undefined where the attachment has an address that its cached result lacks. An ADD writes its rules before the runtime
 * writes the cache, so in that case the cached result is older than the rules in the kernel.
 */
export function addressesInSync(
  { addresses, ofResult = addresses }: Pick<Wanted, 'addresses' | 'ofResult'>,
  owned: readonly Address[],
): readonly Address[] | undefined {
  const isIn = (list: readonly Address[], address: Address) => list.some((one) => isSameAddress(one, address))
  if (!owned.every((address) => isIn(ofResult, address))) return undefined
  return [...addresses, ...owned.filter((address) => !isIn(addresses, address))]
}
