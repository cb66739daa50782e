import type { Attachment } from '../../cni/attachment'
import { flatMap } from '../../lists'
import type { Address } from '../../policy/address'
import type { Removal } from '../backend'
import { attachmentDigest } from '../identity'
import type { Carrier } from './carrier'
import { findSlots } from './find-slots'
import { deleteAddress } from './layout'
import { ownerValue } from './owner'
import { hopeless, isHopeless, removeOwned } from './remove-owned'
import { addTombstone, deleteSlots } from './slots'
import type { Transaction } from './transaction'

/**
 * DEL. With the addresses that the ADD had: one run that compares and deletes, and leaves a tombstone. A DEL without
 * addresses looks up the attachment's slots, which say them.
 *
 * The run is all or nothing. Where an address was taken over, never installed, or lost one of its elements, it is refused,
 * and the rest must go all the same: `removeOwned` looks up what there is, and deletes exactly that.
 *
 * Throws only when something of ours was seen and the kernel refused to delete it. `mayMakeTable`: a tombstone is worth
 * a table of its own.
 */
export function remove(
  carrier: Carrier,
  attachment: Attachment,
  { hint, mayMakeTable }: { readonly hint: readonly Address[]; readonly mayMakeTable: boolean },
): Removal {
  const digest = attachmentDigest(attachment)
  const tombstone = mayMakeTable ? 'make-table' : 'in-table'
  let addresses = hint
  if (hint.length === 0) {
    const found = findSlots(carrier, digest)
    if (!found.ok) {
      // The map has another type than ours.
      if (found.failure === 'refused') return removeOwned(carrier, digest, { mustWalk: true, tombstone })
      return hopeless(found)
    }
    addresses = found.value.addresses
    if (addresses.length === 0) {
      const layout = carrier.readLayout()
      if (!layout.ok) return hopeless(layout)
      // An older layout has no slots, so that nothing is known yet.
      if (!layout.value.isCurrent) {
        const known = { slots: found.value, layout: layout.value }
        return removeOwned(carrier, digest, { known, tombstone })
      }
      const buried = found.value.isTombstone ? undefined : carrier.run([addTombstone(digest)])
      // Somebody has restored its rules since they were looked for.
      if (buried && !buried.ok && buried.failure === 'clash')
        return removeOwned(carrier, digest, { tombstone })
      // The map is not there, or not ours, so that nothing is known yet either.
      if (buried && !buried.ok && (buried.failure === 'missing' || buried.failure === 'refused'))
        return removeOwned(carrier, digest, { mustWalk: true, tombstone })
      return { outcome: 'absent', mayBeElsewhere: layout.value.hasMark }
    }
  }
  const outcome = carrier.run(deleteAll(digest, addresses, ownerValue(attachment, addresses)))
  if (outcome.ok) return { outcome: 'removed' }
  if (isHopeless(outcome)) return hopeless(outcome)
  return removeOwned(carrier, digest, { orphans: hint, tombstone })
}

function deleteAll(digest: string, addresses: readonly Address[], owner: Address): Transaction {
  return [
    ...flatMap(addresses, (address) => deleteAddress(address, owner)),
    ...deleteSlots(digest, addresses.length),
    addTombstone(digest),
  ]
}
