import type { Address } from '../../policy/address'
import type { QuickCarrier } from './carrier'
import { addOwner } from './layout'

/**
 * A DEL looks into our table, and should start no other tool in vain. So an element in `owners`, for an address that no
 * pod has, marks that another backend may have rules. Whoever adds rules elsewhere adds the mark after them; whoever
 * makes the table looks elsewhere after that. So one of the two sees the other.
 */
export const NOWHERE: Address = { family: 'ip6', value: 0n }
export const MARK = '1'.padStart(32, '0')

/**
 * Whether another backend may have rules or tombstones: the mark exists, or there is no table of this layout that could
 * rule it out. A DEL that looks elsewhere first, and finds nothing, leaves its tombstone in our table too.
 */
export async function mayBeElsewhere(carrier: QuickCarrier): Promise<boolean> {
  const layout = (await carrier.whole()).readLayout()
  return !layout.ok || !layout.value.isCurrent || layout.value.hasMark
}

/** Adds the mark. Where there is no nft, or no table, a DEL looks elsewhere anyway. */
export function markElsewhere(carrier: QuickCarrier): void {
  carrier.run([addOwner(NOWHERE, MARK, 'iptables')])
}
