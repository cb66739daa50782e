import type { Attachment } from '../../cni/attachment'
import { type Address, isSameAddress } from '../../policy/address'
import type { Listed } from '../backend'
import { isOfNetwork, takenError } from '../taken'
import type { Carrier } from './carrier'
import { findSlots } from './find'
import { listedNote, ownerId, parseSlotComment } from './notes'
import { digestOfOwner } from './owner'
import { addSlots, deleteSlotsThatSay } from './slots'
import type { AddressState } from './table-state'
import type { Transaction } from './transaction'

/** An element of `owners` and the owner in it. */
interface OwnedElement {
  readonly address: Address
  readonly owner: string
  readonly comment?: string
}

/**
 * Decides whether an ADD may take an address from its holder. IPAM of one network gives no address twice, so a holder of
 * the same network is gone, and its DEL is late. A holder of another network may be alive, because with static IPAM the
 * author of a pod chooses the address. Taking it from such a holder needs proof.
 */
export async function requireFree(
  carrier: Carrier,
  attachment: Attachment,
  { held, isGone }: { readonly held: AddressState; readonly isGone?: (holder: Listed) => Promise<boolean> },
): Promise<void> {
  const { address, owner, comment } = held
  if (!owner) return
  const holder = describeHolder(carrier, { address, owner, ...(comment !== undefined && { comment }) })
  if (isOfNetwork(holder, attachment.network) || (await isGone?.(holder))) return
  throw takenError(address, attachment, holder)
}

function describeHolder(carrier: Carrier, { address, owner, comment }: OwnedElement): Listed {
  const slots = findSlots(carrier, digestOfOwner(owner))
  const { addresses, comment: slotComment } = slots.ok ? slots.value : { addresses: [], comment: undefined }
  const note = listedNote(comment, slotComment)
  return {
    id: ownerId(owner),
    addresses: addresses.length > 0 ? addresses : [address],
    ...(note && { note }),
  }
}

/**
 * Deletes taken addresses from the slots of their holders. A slot that outlived its address would have the same content
 * again as soon as its attachment gets the address back, and whoever had found it stale would delete it then.
 */
export function leaveSlots(carrier: Carrier, taken: readonly AddressState[]): Transaction {
  const holders = new Set(taken.flatMap(({ owner }) => (owner ? [digestOfOwner(owner)] : [])))
  return [...holders].flatMap((digest): Transaction => {
    const slots = findSlots(carrier, digest)
    // Without the map there are no slots, and whoever makes it again fills it.
    if (!slots.ok) return []
    const { all, addresses, comment } = slots.value
    const left = addresses.filter((own) => !taken.some(({ address }) => isSameAddress(address, own)))
    if (left.length === addresses.length) return []
    const note = parseSlotComment(comment) ?? {}
    return [...deleteSlotsThatSay(digest, all), ...(left.length > 0 ? [addSlots(digest, left, note)] : [])]
  })
}
