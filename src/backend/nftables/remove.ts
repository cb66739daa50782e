import type { Attachment } from '../../cni/attachment'
import { type Address, isSameAddress } from '../../policy/address'
import { deleteAddress, OWNERS } from './layout'
import { type NftOutcome, type NftProcess, runList, runTransaction, toError } from './nft'
import { ownerTest, ownerValue } from './owner'
import { TABLE } from './render'
import { findOwned, parseTable, type TableState } from './table-state'
import type { Transaction } from './transaction'

type Refusal = NftOutcome & { ok: false }

/** A deletion is refused when another call changed the same addresses since they were read; then it reads again. */
const ATTEMPTS = 5

/**
 * DEL. With the addresses that the ADD had: one run that compares and deletes. A DEL without addresses lists the
 * owners and, only if one is ours, deletes that.
 *
 * Both are all or nothing. Where an address was taken over, never installed, or lost one of its elements, the
 * run is refused, and the rest must go all the same: the table is read, and exactly what is ours is deleted.
 *
 * Throws only when something of ours was seen and nft refused to delete it. Returns why it is not known whether
 * something is left, if so.
 */
export function remove(
  nft: NftProcess,
  attachment: Attachment,
  hint: readonly Address[],
): string | undefined {
  if (hint.length > 0) {
    const outcome = runTransaction(nft, deleteAll(hint, ownerValue(attachment, hint)))
    if (outcome.ok) return undefined
    if (isHopeless(outcome)) return outcome.said
  }
  let refusal: Refusal | undefined
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const isFirstLook = hint.length === 0 && attempt === 0
    const listed = runList(nft, isFirstLook ? `map ${TABLE} ${OWNERS}` : `table ${TABLE}`)
    if (!listed.ok) return listed.failure === 'missing' ? undefined : listed.said
    const transaction = isFirstLook
      ? deleteOwned(listed.stdout, attachment)
      : deleteFound(parseTable(listed.stdout), attachment, hint)
    if (transaction.length === 0) return undefined
    const outcome = runTransaction(nft, transaction)
    if (outcome.ok) return undefined
    if (isHopeless(outcome)) return outcome.said
    refusal = outcome
    if (outcome.failure !== 'clash' && outcome.failure !== 'missing') break
  }
  if (refusal) throw toError(nft, 'remove the rules', refusal)
  return undefined
}

/** nft did not start, or did not come to an end: another run would fare no better. */
function isHopeless({ failure }: Refusal): boolean {
  return failure === 'unusable' || failure === 'unknown'
}

function deleteAll(addresses: readonly Address[], owner: Address): Transaction {
  return addresses.flatMap((address) => deleteAddress(address, owner))
}

/** From a list of the owners alone: both elements are taken to be there, as they nearly always are. */
function deleteOwned(listing: string, attachment: Attachment): Transaction {
  return findOwned(listing, attachment).flatMap(({ address, owner }) => deleteAddress(address, owner))
}

/** What the whole table shows to be ours, and elements of our addresses that have lost their owner. */
function deleteFound(state: TableState, attachment: Attachment, hint: readonly Address[]): Transaction {
  const isOwn = ownerTest(attachment)
  return state.addresses.flatMap(({ address, owner, goto }) => {
    if (owner) return isOwn(owner) ? deleteAddress(address, owner, goto !== undefined) : []
    const isOurs = hint.some((own) => isSameAddress(own, address))
    return isOurs ? deleteAddress(address, ownerValue(attachment, hint)) : []
  })
}
