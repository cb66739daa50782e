import type { Attachment } from '../../cni/attachment'
import { flatMap } from '../../lists'
import type { Address } from '../../policy/address'
import type { Removal } from '../backend'
import type { Carrier } from './carrier'
import { deleteAddress } from './layout'
import { ownerTest, ownerValue } from './owner'
import { hopeless, isHopeless, removeOwned } from './remove-owned'
import type { Transaction } from './transaction'

/**
 * DEL. With the addresses that the ADD had: one run that compares and deletes. A DEL without addresses lists the
 * owners and, only if one is ours, deletes that.
 *
 * Both are all or nothing. Where an address was taken over, never installed, or lost one of its elements, the
 * run is refused, and the rest must go all the same: the table is read, and exactly what is ours is deleted.
 *
 * Throws only when something of ours was seen and nft refused to delete it.
 */
export function remove(carrier: Carrier, attachment: Attachment, hint: readonly Address[]): Removal {
  if (hint.length > 0) {
    const outcome = carrier.run(deleteAll(hint, ownerValue(attachment, hint)))
    if (outcome.ok) return { outcome: 'removed' }
    if (isHopeless(outcome)) return hopeless(outcome)
  } else {
    const listed = carrier.findOwned(attachment)
    if (!listed.ok)
      return listed.failure === 'missing' ? { outcome: 'absent', mayBeElsewhere: true } : hopeless(listed)
    const { owned, hasMark } = listed.value
    if (owned.length === 0) return { outcome: 'absent', mayBeElsewhere: hasMark }
    // Both elements are taken to be there, as they nearly always are.
    const outcome = carrier.run(flatMap(owned, ({ address, owner }) => deleteAddress(address, owner)))
    if (outcome.ok) return { outcome: 'removed' }
    if (isHopeless(outcome)) return hopeless(outcome)
  }
  return removeOwned(carrier, ownerTest(attachment), hint)
}

function deleteAll(addresses: readonly Address[], owner: Address): Transaction {
  return flatMap(addresses, (address) => deleteAddress(address, owner))
}
