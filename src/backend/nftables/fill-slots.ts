import { type Address, formatAddress, isSameAddress } from '../../policy/address'
import { requireNoOwner } from './layout'
import { parseSlotComment } from './notes'
import { digestOfOwner } from './owner'
import { addSlots, deleteSlotsThatSay, inSlotOrder } from './slots'
import type { SlotState, TableState } from './table-state'
import type { Transaction } from './transaction'

/** Attachments that have an owner's element, with all of their addresses in the order of their slots. */
export function addressesByDigest({
  addresses,
}: Pick<TableState, 'addresses'>): Map<string, readonly Address[]> {
  const byDigest = new Map<string, Address[]>()
  for (const { address, owner } of addresses) {
    if (!owner || digestOfOwner(owner) === MARK_DIGEST) continue
    const digest = digestOfOwner(owner)
    byDigest.set(digest, [...(byDigest.get(digest) ?? []), address])
  }
  return new Map([...byDigest].map(([digest, own]) => [digest, inSlotOrder(own)]))
}

export function slotsByDigest(slots: readonly SlotState[]): Map<string, SlotState[]> {
  const byDigest = new Map<string, SlotState[]>()
  for (const slot of slots) {
    const others = byDigest.get(slot.digest)
    if (others) others.push(slot)
    else byDigest.set(slot.digest, [slot])
  }
  return byDigest
}

/**
 * Slots for attachments that were added by a version without them. Nobody recorded when and where, so their note says
 * nothing of it.
 */
export function fillSlots(
  state: Pick<TableState, 'addresses'>,
  isWanted: (digest: string) => boolean,
): Transaction {
  return [...addressesByDigest(state)]
    .filter(([digest]) => isWanted(digest))
    .map(([digest, addresses]) => addSlots(digest, addresses, {}))
}

/** The mark of `elsewhere.ts` is no attachment. */
const MARK_DIGEST = '0'.repeat(24)

interface Mending {
  readonly transaction: Transaction
  /** Attachments that had no slots, or others. */
  readonly mended: number
  /** Attachments that have slots and nothing else. */
  readonly stale: number
}

/**
 * What makes the slots agree with `owners`, which decides: an older version adds and removes elements there and knows
 * of no slots. Tombstones stay.
 *
 * A slot may say the same as before and be another: an attachment that lost an address, and keeps its slot for it, gets the
 * address again by a second ADD. So the transaction is refused if an address whose slot goes has an owner by then; where it
 * has one already, somebody else, the slot stays: it does no harm, and goes with its attachment's DEL.
 */
export function mendSlots(state: TableState, isFree: (digest: string) => boolean = () => true): Mending {
  const owned = addressesByDigest(state)
  const slotsOf = slotsByDigest(state.slots)
  const isOwned = new Set(
    state.addresses.flatMap(({ address, owner }) => (owner ? [formatAddress(address)] : [])),
  )
  const transaction: Transaction[] = []
  let [mended, stale] = [0, 0]
  for (const [digest, slots] of slotsOf) {
    if (!isFree(digest)) continue
    const addresses = owned.get(digest)
    if (addresses && hasSlotsFor(slots, addresses)) continue
    if (!addresses && slots.every(({ address }) => !address)) continue
    const isOwn = (address: Address) => addresses?.some((one) => isSameAddress(one, address)) ?? false
    const lost = slots.flatMap(({ address }) => (address && !isOwn(address) ? [address] : []))
    if (lost.some((address) => isOwned.has(formatAddress(address)))) continue
    transaction.push(lost.flatMap(requireNoOwner), deleteSlotsThatSay(digest, slots))
    const note = parseSlotComment(slots.find(({ slot }) => slot === 0)?.comment) ?? {}
    if (addresses) transaction.push([addSlots(digest, addresses, note)])
    if (addresses) mended += 1
    else stale += 1
  }
  const fill = fillSlots(state, (digest) => isFree(digest) && !slotsOf.has(digest))
  return { transaction: [...transaction.flat(), ...fill], mended: mended + fill.length, stale }
}

/** `addresses`: in the order of the slots. */
export function hasSlotsFor(slots: readonly SlotState[], addresses: readonly Address[]): boolean {
  const text = (list: readonly (Address | undefined)[]) =>
    list.map((address) => (address ? formatAddress(address) : '')).join()
  const inOrder = [...slots].sort((a, b) => a.slot - b.slot)
  return (
    inOrder.every(({ slot }, i) => slot === i) &&
    text(inOrder.map(({ address }) => address)) === text(addresses)
  )
}
