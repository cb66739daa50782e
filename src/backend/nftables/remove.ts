import type { Attachment } from '../../cni/attachment'
import { type Address, isSameAddress } from '../../policy/address'
import type { Removal } from '../backend'
import { hasMark } from './elsewhere'
import { deleteAddress, deletePod, OWNERS } from './layout'
import { ATTEMPTS, type NftOutcome, type NftProcess, runList, runTransaction, toError } from './nft'
import { ownerTest, ownerValue } from './owner'
import { TABLE } from './render'
import { type AddressState, findOwned, parseTable } from './table-state'
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
export function remove(nft: NftProcess, attachment: Attachment, hint: readonly Address[]): Removal {
  if (hint.length > 0) {
    const outcome = runTransaction(nft, deleteAll(hint, ownerValue(attachment, hint)))
    if (outcome.ok) return REMOVED
    if (isHopeless(outcome)) return hopeless(outcome)
  } else {
    const listed = runList(nft, `map ${TABLE} ${OWNERS}`)
    if (!listed.ok) return listed.failure === 'missing' ? ABSENT : hopeless(listed)
    const transaction = deleteOwned(listed.stdout, attachment)
    if (transaction.length === 0) return absent(listed.stdout)
    const outcome = runTransaction(nft, transaction)
    if (outcome.ok) return REMOVED
    if (isHopeless(outcome)) return hopeless(outcome)
  }
  return removeOwned(nft, ownerTest(attachment), hint)
}

const REMOVED: Removal = { outcome: 'removed' }
const ABSENT: Removal = { outcome: 'absent', mayBeElsewhere: true }

function absent(listing: string): Removal {
  return { outcome: 'absent', mayBeElsewhere: hasMark(listing) }
}

function hopeless({ failure, said }: NftOutcome & { ok: false }): Removal {
  if (failure === 'unusable' || failure === 'unsupported') return { outcome: 'unusable', said }
  // An nft that refuses to look has refused to add: that an ADD went elsewhere is likely. What hangs has no time left.
  return { outcome: 'unknown', said, mayBeElsewhere: failure !== 'unknown' }
}

/**
 * Reads the table and deletes exactly what `isOwn` says; and the elements of `orphans`, addresses that are thought to
 * be ours, which nobody owns any more. Throws and returns as `remove`.
 */
export function removeOwned(
  nft: NftProcess,
  isOwn: (owner: Address) => boolean,
  orphans: readonly Address[] = [],
): Removal {
  for (let attempt = 1; ; attempt++) {
    const listed = runList(nft, `table ${TABLE}`)
    if (!listed.ok) return listed.failure === 'missing' ? ABSENT : hopeless(listed)
    const { addresses } = parseTable(listed.stdout)
    const own = addresses.filter(({ owner }) => owner && isOwn(owner))
    const unowned = addresses.filter(
      ({ owner, address }) => !owner && orphans.some((orphan) => isSameAddress(orphan, address)),
    )
    // With addresses, it is most likely there: an nft that was away when they were added could leave no mark.
    if (own.length + unowned.length === 0) return orphans.length > 0 ? ABSENT : absent(listed.stdout)
    const outcome = runTransaction(nft, [
      ...own.flatMap(deleteFound),
      ...unowned.map(({ address }) => deletePod(address)),
    ])
    if (outcome.ok) return REMOVED
    // Not known to be ours, or not known to be there still: no reason to keep the address from being freed.
    if (own.length === 0 || isHopeless(outcome)) return hopeless(outcome)
    const mayHaveChanged = outcome.failure === 'clash' || outcome.failure === 'missing'
    if (!mayHaveChanged || attempt === ATTEMPTS) throw toError(nft, 'remove the rules', outcome)
  }
}

/** nft did not start, or did not come to an end: another run would fare no better, and hide why. */
function isHopeless({ failure }: NftOutcome & { ok: false }): boolean {
  return failure === 'unusable' || failure === 'unsupported' || failure === 'unknown'
}

function deleteAll(addresses: readonly Address[], owner: Address): Transaction {
  return addresses.flatMap((address) => deleteAddress(address, owner))
}

/** From a list of the owners alone: both elements are taken to be there, as they nearly always are. */
function deleteOwned(listing: string, attachment: Attachment): Transaction {
  return findOwned(listing, attachment).flatMap(({ address, owner }) => deleteAddress(address, owner))
}

/** Of an element that was read: both, or the owner alone where the other is lost. */
export function deleteFound({ address, owner, goto }: AddressState): Transaction {
  return owner ? deleteAddress(address, owner, goto !== undefined) : []
}
