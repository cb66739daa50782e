import { type Address, isSameAddress, toMapped } from '../../policy/address'
import { once } from '../../system/once'
import { requireNoOwner } from './layout'
import { parseSlotComment } from './notes'
import { digestOfOwner } from './owner'
import { addSlots, deleteSlotsThatSay, inSlotOrder } from './slots'
import type { AddressState, SlotState, TableState } from './table-state'
import type { ElementOperation, Transaction } from './transaction'

/** Attachments that have an owner's element, each with all its addresses. */
export function addressesByDigest({
  addresses,
}: {
  readonly addresses: Iterable<AddressState>
}): Map<string, readonly Address[]> {
  const byDigest = new Map<string, Address[]>()
  for (const { address, owner } of addresses) {
    if (!owner) continue
    const digest = digestOfOwner(owner)
    if (digest === MARK_DIGEST) continue
    const others = byDigest.get(digest)
    if (others) others.push(address)
    else byDigest.set(digest, [address])
  }
  return byDigest
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
 * Adds slots for attachments that were added by a version without slots. Nobody recorded when and where, so their note
 * leaves that out.
 */
export function fillSlots(
  state: Pick<TableState, 'addresses'>,
  isWanted: (digest: string) => boolean,
): Transaction {
  return fillWith(addressesByDigest(state), isWanted)
}

function fillWith(
  owned: ReadonlyMap<string, readonly Address[]>,
  isWanted: (digest: string) => boolean,
): ElementOperation[] {
  return [...owned]
    .filter(([digest]) => isWanted(digest))
    .map(([digest, addresses]) => addSlots(digest, addresses, {}))
}

/** The mark of `elsewhere.ts`; it is no attachment. */
const MARK_DIGEST = '0'.repeat(24)

interface Mending {
  readonly transaction: Transaction
  /** Attachments whose slots were missing or different. */
  readonly mended: number
  /** Attachments that have slots and nothing else. */
  readonly stale: number
}

/**
 * Changes the slots so that they agree with `owners`. `owners` decides, because an older version adds and removes
 * elements there and does not know slots. Tombstones stay.
 *
 * A slot may have the same content as before and yet be another: an attachment that lost an address, and keeps its slot,
 * gets the address again by a second ADD. So the transaction is refused if an address whose slot is deleted has an owner
 * by then. If somebody else owns it already, the slot stays: it does no harm, and the attachment's DEL deletes it.
 */
export function mendSlots(state: TableState, isFree: (digest: string) => boolean = () => true): Mending {
  const owned = addressesByDigest(state)
  const slotsOf = slotsByDigest(state.slots)
  const owners = once(
    () => new Set(state.addresses.flatMap(({ address, owner }) => (owner ? [toMapped(address)] : []))),
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
    if (lost.some((address) => owners().has(toMapped(address)))) continue
    transaction.push(lost.flatMap(requireNoOwner), deleteSlotsThatSay(digest, slots))
    const note = parseSlotComment(slots.find(({ slot }) => slot === 0)?.comment) ?? {}
    if (addresses) transaction.push([addSlots(digest, addresses, note)])
    if (addresses) mended += 1
    else stale += 1
  }
  const fill = fillWith(owned, (digest) => isFree(digest) && !slotsOf.has(digest))
  return { transaction: [...transaction.flat(), ...fill], mended: mended + fill.length, stale }
}

export function hasSlotsFor(slots: readonly SlotState[], addresses: readonly Address[]): boolean {
  if (slots.length !== addresses.length) return false
  const expected = inSlotOrder(addresses)
  for (let i = 0; i < slots.length; i++) {
    const address = slots[i]?.address
    const one = expected[slots[i]?.slot ?? -1]
    if (one === undefined || address === undefined || !isSameAddress(one, address)) return false
  }
  return true
}
