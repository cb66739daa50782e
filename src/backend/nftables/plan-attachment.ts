import { type Address, formatAddress } from '../../policy/address'
import type { Change, Replacement, Wanted } from '../backend'
import { attachmentDigest } from '../identity'
import type { Note } from './apply'
import { hasSlotsFor } from './fill-slots'
import { addOwner, addPod, deletePod, goTo, isOurs } from './layout'
import { ownerComment, ownerTest, ownerValue } from './owner'
import { parseOwnerComment } from './owner-notes'
import { addSlots, deleteSlot, inSlotOrder } from './slots'
import type { AddressState, SlotState } from './table-state'
import type { Transaction } from './transaction'

export type Held = Replacement['held'][number]

interface Found {
  readonly byAddress: ReadonlyMap<string, AddressState>
  /** The attachment's own. */
  readonly slots: readonly SlotState[]
}

interface PlannedAttachment {
  readonly digest: string
  readonly transaction: Transaction
  readonly change: Change | undefined
  readonly held: readonly Held[]
}

/** What one attachment lacks, and the transaction that adds it. Where nothing is to be done, its note stays as it is. */
export function planAttachment(
  { byAddress, slots }: Found,
  wanted: Wanted,
  { chain, now }: { readonly chain: string; readonly now: Note },
): PlannedAttachment {
  const { attachment, addresses, isFallback = false } = wanted
  const [owner, isOwn, digest] = [
    ownerValue(attachment, addresses),
    ownerTest(attachment),
    attachmentDigest(attachment),
  ]
  const comment = ownerComment(attachment, wanted.addedAt ?? now.epochSeconds)
  const held: Held[] = []
  const missing: Address[] = []
  const moved: Address[] = []
  const elements = addresses.flatMap((address): Transaction => {
    const found = byAddress.get(formatAddress(address))
    if (found?.owner && !isOwn(found.owner)) {
      held.push({ attachment, address, holder: holderOf(found) })
      return []
    }
    const isRight = found?.verdict === goTo(chain) || (isFallback && isOurs(found?.verdict ?? ''))
    if (found?.owner && isRight) return []
    const isMoved = found?.owner !== undefined && found.verdict !== undefined
    ;(isMoved ? moved : missing).push(address)
    return [
      // The owner stands and is compared, or is new: either way the whole is refused when somebody was faster. With
      // the comment, lest an owner that a DEL has just removed comes back without one, and so for good.
      addOwner(address, found?.owner ?? owner, comment),
      ...(found?.verdict !== undefined && found.verdict !== goTo(chain) ? [deletePod(address)] : []),
      addPod(address, chain),
    ]
  })
  const changed = [...missing, ...moved]
  if (changed.length === 0) return { digest, transaction: [], change: undefined, held }
  const isHeld = (address: Address) => held.some((one) => one.address === address)
  const own = addresses.filter((address) => !isHeld(address))
  const { origin = 'restored', netns } = wanted
  const note = { ...now, origin, ...(netns !== undefined && { netns }) }
  return {
    digest,
    transaction: [
      ...elements,
      // The same slots stay, with the note of the ADD; they are refused if a DEL came meanwhile.
      ...(hasSlotsFor(slots, inSlotOrder(own)) ? [] : slots.map(({ slot }) => deleteSlot(digest, slot))),
      addSlots(digest, own, note),
    ],
    change: { attachment, what: missing.length > 0 ? 'restored' : 'changed', addresses: changed },
    held,
  }
}

function holderOf({ comment }: AddressState): string {
  const note = parseOwnerComment(comment)
  return note ? `${note.containerID} ${note.ifname}` : 'an attachment without a name'
}
