import { formatAddress } from '../../policy/address-text'
import type { Held, Listed, Wanted } from '../backend'
import { holderName } from '../holder-name'
import { attachmentId } from '../identity'
import type { Inventory } from './inventory'

/** Leaves out addresses that another attachment holds in the other place, because a live owner is never replaced. */
export function heldElsewhere(other: Inventory, wanted: readonly Wanted[]) {
  const holders = new Map<string, Listed>()
  for (const one of other.listed.values()) {
    for (const address of one.addresses) holders.set(formatAddress(address), one)
  }
  const held: Held[] = []
  const free = wanted.map((one): Wanted => {
    const id = attachmentId(one.attachment)
    const addresses = one.addresses.filter((address) => {
      const holder = holders.get(formatAddress(address))
      if (!holder || holder.id === id) return true
      held.push({ attachment: one.attachment, address, holder: holderName(holder.note) })
      return false
    })
    if (addresses.length === one.addresses.length) return one
    return { ...one, addresses, ofResult: one.ofResult ?? one.addresses }
  })
  return { free, held }
}
