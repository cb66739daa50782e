import { type Address, digitsOf, isSameAddress, toMapped } from '../../../policy/address'
import type { ElementKey } from '../carrier'
import { NOWHERE } from '../elsewhere'
import { addressesByDigest, hasSlotsFor, slotsByDigest } from '../fill-slots'
import { findAddresses } from '../find'
import { ATTACHMENTS, OWNERS, POD_MAPS } from '../layout'
import { slotState } from '../notes'
import { digestOfOwner } from '../owner'
import { slotKey } from '../slots'
import type { AddressState, SlotState, TableState } from '../table-state'
import { findElements } from './find'
import type { Session } from './session'

type Elements = Pick<TableState, 'addresses' | 'slots'>

/**
 * The maps are walked one after the other, so an ADD or a DEL in between leaves an element in one map without its
 * counterpart in another. An element that one of the walked maps has and another lacks is looked up by key, in both.
 *
 * Where slots and owners disagree, the slots are looked up first, and then the owners. An ADD or a DEL changes both in
 * one transaction. So if they still disagree, either something is wrong, or it has changed since the slots were read; in
 * the second case a transaction that requires these slots is refused. In the other order, an address that an ADD has just
 * taken over would look like its former owner's, and the slots of the ADD would be removed as wrong.
 */
export function crossCheck(
  session: Session,
  walked: readonly string[],
  { addresses, slots }: Elements,
): Elements {
  const known = new Map(addresses.map((one) => [toMapped(one.address), one]))
  const lookAgain = (at: readonly AddressState[]) => {
    for (const one of look(session, walked, at)) {
      const mapped = toMapped(one.address)
      if (one.owner || one.verdict !== undefined) known.set(mapped, one)
      else known.delete(mapped)
    }
  }
  const add = (address: Address | undefined) => {
    if (address && !known.has(toMapped(address))) known.set(toMapped(address), { address })
  }
  for (const { address } of slots) add(address)
  lookAgain(
    [...known.values()].filter(
      ({ address, owner, verdict }) =>
        (!owner && walked.includes(OWNERS)) ||
        (verdict === undefined &&
          walked.includes(POD_MAPS[address.family]) &&
          !isSameAddress(address, NOWHERE)),
    ),
  )
  if (!walked.includes(ATTACHMENTS)) return { addresses: [...known.values()].filter(isThere), slots }
  const doubtful = doubtfulDigests({ addresses: [...known.values()], slots })
  if (doubtful.size === 0) return { addresses: [...known.values()].filter(isThere), slots }
  const checked = slotsAgain(session, { addresses: [...known.values()], slots }, doubtful)
  for (const { digest, address } of checked) if (doubtful.has(digest)) add(address)
  const isNamed = new Set(
    checked.flatMap(({ digest, address }) => (address && doubtful.has(digest) ? [toMapped(address)] : [])),
  )
  lookAgain(
    [...known.values()].filter(
      ({ address, owner }) =>
        isNamed.has(toMapped(address)) || (owner !== undefined && doubtful.has(digestOfOwner(owner))),
    ),
  )
  return { addresses: [...known.values()].filter(isThere), slots: checked }
}

function isThere({ owner, verdict }: AddressState): boolean {
  return owner !== undefined || verdict !== undefined
}

function look(
  session: Session,
  walked: readonly string[],
  doubtful: readonly AddressState[],
): AddressState[] {
  const lookUp = (keys: readonly ElementKey[]) => ({ ok: true as const, value: findElements(session, keys) })
  const addresses = doubtful.map(({ address }) => address)
  const outcome = findAddresses({ lookUp }, addresses, (map) => walked.includes(map))
  // A failure throws in `findElements`.
  return outcome.ok ? outcome.value : []
}

/** The attachments whose slots do not match their addresses. */
function doubtfulDigests({ addresses, slots }: Elements): ReadonlySet<string> {
  const owned = addressesByDigest({ addresses })
  const bySlots = slotsByDigest(slots)
  const doubtful = new Set<string>()
  owned.forEach((own, digest) => {
    if (!hasSlotsFor(bySlots.get(digest) ?? [], own)) doubtful.add(digest)
  })
  bySlots.forEach((found, digest) => {
    const isTombstone = found.every(({ address }) => !address)
    if (!owned.has(digest) && !isTombstone) doubtful.add(digest)
  })
  return doubtful
}

/** All slots; those of these attachments are looked up by key. */
function slotsAgain(
  session: Session,
  { addresses, slots }: Elements,
  doubtful: ReadonlySet<string>,
): readonly SlotState[] {
  const owned = addressesByDigest({ addresses })
  const bySlots = slotsByDigest(slots)
  const keys = [...doubtful].flatMap((digest) => {
    const count = Math.max(owned.get(digest)?.length ?? 0, bySlots.get(digest)?.length ?? 0)
    return Array.from({ length: count }, (_, slot) => slotKey(digest, slot))
  })
  const found = findElements(
    session,
    keys.map((key) => ({ set: ATTACHMENTS, key })),
  )
  return [
    ...slots.filter(({ digest }) => !doubtful.has(digest)),
    ...keys.flatMap((key, i) => {
      const element = found[i]
      return element?.value ? [slotState(digitsOf(key), { ...element, value: element.value })] : []
    }),
  ]
}
