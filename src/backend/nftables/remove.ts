import type { Attachment } from '../../cni/attachment'
import { type Address, isSameAddress } from '../../policy/address'
import type { Removal } from '../backend'
import type { Carrier, Failed } from './carrier'
import { NOWHERE } from './elsewhere'
import { ATTEMPTS, toError } from './failure'
import { deleteAddress, deletePod } from './layout'
import { ownerTest, ownerValue } from './owner'
import type { AddressState, TableState } from './table-state'
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
    if (outcome.ok) return REMOVED
    if (isHopeless(outcome)) return hopeless(outcome)
  } else {
    const listed = carrier.findOwned(attachment)
    if (!listed.ok) return listed.failure === 'missing' ? ABSENT : hopeless(listed)
    const { owned, hasMark } = listed.value
    if (owned.length === 0) return { outcome: 'absent', mayBeElsewhere: hasMark }
    // Both elements are taken to be there, as they nearly always are.
    const outcome = carrier.run(owned.flatMap(({ address, owner }) => deleteAddress(address, owner)))
    if (outcome.ok) return REMOVED
    if (isHopeless(outcome)) return hopeless(outcome)
  }
  return removeOwned(carrier, ownerTest(attachment), hint)
}

const REMOVED: Removal = { outcome: 'removed' }
const ABSENT: Removal = { outcome: 'absent', mayBeElsewhere: true }

function hopeless({ failure, said }: Failed): Removal {
  if (failure === 'unusable' || failure === 'unsupported') return { outcome: 'unusable', said }
  // An nft that refuses to look has refused to add: that an ADD went elsewhere is likely. What hangs has no time left.
  return { outcome: 'unknown', said, mayBeElsewhere: failure !== 'unknown' }
}

/**
 * Reads the table and deletes exactly what `isOwn` says; and the elements of `orphans`, addresses that are thought to
 * be ours, which nobody owns any more. Throws and returns as `remove`.
 */
export function removeOwned(
  carrier: Carrier,
  isOwn: (owner: Address) => boolean,
  orphans: readonly Address[] = [],
): Removal {
  for (let attempt = 1; ; attempt++) {
    const listed = carrier.readTable([])
    if (!listed.ok) return listed.failure === 'missing' ? ABSENT : hopeless(listed)
    const { addresses } = listed.value
    const own = addresses.filter(({ owner }) => owner && isOwn(owner))
    const unowned = addresses.filter(
      ({ owner, address }) => !owner && orphans.some((orphan) => isSameAddress(orphan, address)),
    )
    // With addresses, it is most likely there: an nft that was away when they were added could leave no mark.
    if (own.length + unowned.length === 0)
      return { outcome: 'absent', mayBeElsewhere: orphans.length > 0 || isMarked(listed.value) }
    const outcome = carrier.run([
      ...own.flatMap(deleteFound),
      ...unowned.map(({ address }) => deletePod(address)),
    ])
    if (outcome.ok) return REMOVED
    // Not known to be ours, or not known to be there still: no reason to keep the address from being freed.
    if (own.length === 0 || isHopeless(outcome)) return hopeless(outcome)
    const mayHaveChanged = outcome.failure === 'clash' || outcome.failure === 'missing'
    if (!mayHaveChanged || attempt === ATTEMPTS) throw toError(carrier, 'remove the rules', outcome)
  }
}

/** nft did not start, or did not come to an end: another run would fare no better, and hide why. */
function isHopeless({ failure }: Failed): boolean {
  return failure === 'unusable' || failure === 'unsupported' || failure === 'unknown'
}

function deleteAll(addresses: readonly Address[], owner: Address): Transaction {
  return addresses.flatMap((address) => deleteAddress(address, owner))
}

/** `elsewhere.ts` */
function isMarked({ addresses }: TableState): boolean {
  return addresses.some(({ address }) => isSameAddress(address, NOWHERE))
}

/** Of an element that was read: both, or the owner alone where the other is lost. */
export function deleteFound({ address, owner, goto }: AddressState): Transaction {
  return owner ? deleteAddress(address, owner, goto !== undefined) : []
}
