import { type Address, toMapped } from '../../policy/address'
import { once } from '../../system/once'
import { addressesInSync } from '../addresses-in-sync'
import { type Change, type Held, LATER_ADD, type Wanted } from '../backend'
import { holderName } from '../holder-name'
import type { Note } from './attachment-elements'
import { hasSlotsFor } from './fill-slots'
import { addOwner, addPod, deletePod, policyOf, requireNoOwner } from './layout'
import { parseOwnerComment } from './notes'
import { digestOfOwner, ownerComment, ownerValue } from './owner'
import { addSlots, deleteSlotsThatSay } from './slots'
import type { AddressState, SlotState } from './table-state'
import type { Transaction } from './transaction'

interface Found {
  /** The digest of this attachment. */
  readonly digest: string
  /** The addresses by `toMapped`. */
  readonly byAddress: ReadonlyMap<bigint, AddressState>
  /** The addresses that the attachment owns. */
  readonly owned: readonly Address[]
  /** The slots of this attachment. */
  readonly slots: readonly SlotState[]
}

interface PlannedAttachment {
  readonly digest: string
  /** Operations that refuse the transaction if somebody was faster. They come before the transactions of all attachments. */
  readonly guards: Transaction
  readonly transaction: Transaction
  readonly change: Change | undefined
  readonly held: readonly Held[]
}

/**
 * The elements that one attachment lacks, and the transaction that adds them. Where nothing has to be done, its note
 * stays as it is. Where a later ADD wrote the existing rules (`addressesInSync`), nothing is brought back.
 */
export function planAttachment(
  existing: Found,
  wanted: Wanted,
  { chain, now }: { readonly chain: string; readonly now: Note },
): PlannedAttachment {
  const { digest, byAddress, owned, slots } = existing
  if (isInPlace(existing, wanted, chain))
    return { digest, guards: [], transaction: [], change: undefined, held: [] }
  const { attachment, isFallback = false } = wanted
  const all = addressesInSync(wanted, owned)
  const [isOutdated, addresses] = [!all, all ?? wanted.addresses]
  const owner = once(() => ownerValue(digest, addresses))
  const isOwn = (value: string) => digestOfOwner(value) === digest
  const comment = once(() => ownerComment(attachment, wanted.addedAt ?? now.epochSeconds))
  const held: Held[] = []
  const missing: Address[] = []
  const moved: Address[] = []
  const elements = addresses.flatMap((address): Transaction => {
    const found = byAddress.get(toMapped(address))
    if (found?.owner && !isOwn(found.owner)) {
      held.push({ attachment, address, holder: holderName(parseOwnerComment(found.comment)) })
      return []
    }
    if (isOutdated && !found?.owner) {
      held.push({ attachment, address, holder: LATER_ADD })
      return []
    }
    const current = policyOf(found?.verdict)
    const isRight = current === chain || (isFallback && current !== undefined)
    if (found?.owner && isRight) return []
    const isMoved = found?.owner !== undefined && found.verdict !== undefined
    ;(isMoved ? moved : missing).push(address)
    return [
      // The owner exists and is compared, or it is new: in both cases the whole is refused when somebody was faster. The
      // comment is written too; otherwise an owner that a DEL has just removed would come back without one, and stay so.
      addOwner(address, found?.owner ?? owner(), comment()),
      ...(found?.verdict !== undefined ? [deletePod(address)] : []),
      addPod(address, chain),
    ]
  })
  const changed = [...missing, ...moved]
  if (changed.length === 0) return { digest, guards: [], transaction: [], change: undefined, held }
  const isHeld = (address: Address) => held.some((one) => one.address === address)
  const own = isOutdated ? owned : addresses.filter((address) => !isHeld(address))
  const { origin = 'restored', netns } = wanted
  const note = { ...now, origin, ...(netns !== undefined && { netns }) }
  // The same slots stay, with the note of the ADD. The transaction is refused if a DEL came meanwhile.
  const leaving = hasSlotsFor(slots, own) ? [] : slots
  return {
    digest,
    // A slot that outlived its address has the same content after an ADD that gave the address back.
    guards: leaving.flatMap(({ address }) =>
      address && !byAddress.get(toMapped(address))?.owner ? requireNoOwner(address) : [],
    ),
    transaction: [...elements, ...deleteSlotsThatSay(digest, leaving), addSlots(digest, own, note)],
    change: { attachment, what: missing.length > 0 ? 'restored' : 'changed', addresses: changed },
    held,
  }
}

/** Whether the attachment has exactly the wanted elements. Nearly all have, and a sync looks at thousands of them. */
function isInPlace(
  { digest, byAddress, owned }: Found,
  { addresses, ofResult }: Wanted,
  chain: string,
): boolean {
  if (ofResult !== undefined || addresses.length !== owned.length) return false
  for (let i = 0; i < addresses.length; i++) {
    const address = addresses[i]
    const one = address && byAddress.get(toMapped(address))
    if (one?.owner === undefined || digestOfOwner(one.owner) !== digest) return false
    if (policyOf(one.verdict) !== chain) return false
  }
  return true
}
