import { type Address, isSameAddress } from '../../policy/address'
import type { Removal } from '../backend'
import type { Carrier, Failed } from './carrier'
import { NOWHERE } from './elsewhere'
import { ATTEMPTS, toError } from './failure'
import { deleteAddress, deletePod } from './layout'
import type { AddressState, TableState } from './table-state'
import type { Transaction } from './transaction'

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
    if (!listed.ok)
      return listed.failure === 'missing' ? { outcome: 'absent', mayBeElsewhere: true } : hopeless(listed)
    const { addresses } = listed.value
    const own = addresses.filter(({ owner }) => owner !== undefined && isOwn(owner))
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
    if (outcome.ok) return { outcome: 'removed' }
    // Not known to be ours, or not known to be there still: no reason to keep the address from being freed.
    if (own.length === 0 || isHopeless(outcome)) return hopeless(outcome)
    const mayHaveChanged = outcome.failure === 'clash' || outcome.failure === 'missing'
    if (!mayHaveChanged || attempt === ATTEMPTS) throw toError(carrier, 'remove the rules', outcome)
  }
}

/** nft did not start, or did not come to an end: another run would fare no better, and hide why. */
export function isHopeless({ failure }: Failed): boolean {
  return failure === 'unusable' || failure === 'unsupported' || failure === 'unknown'
}

export function hopeless({ failure, said }: Failed): Removal {
  if (failure === 'unusable' || failure === 'unsupported') return { outcome: 'unusable', said }
  // An nft that refuses to look has refused to add: that an ADD went elsewhere is likely. What hangs has no time left.
  return { outcome: 'unknown', said, mayBeElsewhere: failure !== 'unknown' }
}

/** `elsewhere.ts` */
function isMarked({ addresses }: TableState): boolean {
  return addresses.some(({ address }) => isSameAddress(address, NOWHERE))
}

/** Of an element that was read: both, or the owner alone where the other is lost. */
export function deleteFound({ address, owner, goto }: AddressState): Transaction {
  return owner ? deleteAddress(address, owner, goto !== undefined) : []
}
