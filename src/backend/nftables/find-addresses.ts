import { type Address, formatAddress } from '../../policy/address'
import type { Carrier, Outcome } from './carrier'
import { OWNERS, ownerKey, POD_MAPS } from './layout'
import type { AddressState } from './table-state'

/** What the maps have of these addresses: by key, and so exact. */
export function findAddresses(
  carrier: Pick<Carrier, 'lookUp'>,
  addresses: readonly Address[],
  isThere: (map: string) => boolean = () => true,
): Outcome<AddressState[]> {
  const distinct = [...new Map(addresses.map((address) => [formatAddress(address), address])).values()]
  const keys = distinct.flatMap((address) => [
    { set: OWNERS, key: ownerKey(address) },
    { set: POD_MAPS[address.family], key: address },
  ])
  const asked = keys.filter(({ set }) => isThere(set))
  const outcome = carrier.lookUp(asked)
  if (!outcome.ok) return outcome
  const found = new Map(asked.map((key, i) => [key, outcome.value[i]]))
  return {
    ok: true,
    value: distinct.map((address, i): AddressState => {
      const [owner, pod] = keys.slice(2 * i, 2 * i + 2).map((key) => found.get(key))
      return {
        address,
        ...(owner?.value && { owner: owner.value }),
        ...(owner?.comment !== undefined && { comment: owner.comment }),
        ...(pod?.verdict !== undefined && { verdict: pod.verdict }),
      }
    }),
  }
}
