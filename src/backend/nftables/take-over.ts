import type { Attachment } from '../../cni/attachment'
import type { Address } from '../../policy/address'
import type { Listed } from '../backend'
import { isOfNetwork, takenError } from '../taken'
import type { Carrier } from './carrier'
import { findSlots } from './find'
import { listedNote, ownerId } from './notes'
import { digestOfOwner } from './owner'
import type { AddressState } from './table-state'

/** An element of `owners` with the owner that it has. */
interface OwnedElement {
  readonly address: Address
  readonly owner: Address
  readonly comment?: string
}

/**
 * May an ADD take this address from its holder? IPAM of one network gives no address twice, so a holder of the same
 * network is gone, and its DEL is late. A holder of another network may well be alive: with static IPAM the author of
 * a pod chooses the address. So that takes a proof.
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
