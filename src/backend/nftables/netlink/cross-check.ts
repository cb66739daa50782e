import { type Address, digitsOf, fromMapped, isSameAddress, toMapped } from '../../../policy/address'
import type { ElementKey } from '../carrier'
import { NOWHERE } from '../elsewhere'
import { addressesByDigest, slotsByDigest } from '../fill-slots'
import { findAddresses } from '../find'
import { ATTACHMENTS, OWNERS, POD_MAPS } from '../layout'
import { mappedDigits } from '../mapped-digits'
import { slotState } from '../notes'
import { digestOfOwner } from '../owner'
import { slotKey } from '../slots'
import type { AddressState, SlotState, TableState } from '../table-state'
import { findElements } from './find'
import type { Session } from './session'

/** By `mappedDigits`. */
export type MutableStates = Map<string, { -readonly [K in keyof AddressState]: AddressState[K] }>

interface Elements {
  /** Every address that any of the maps has. */
  readonly addresses: MutableStates
  readonly slots: readonly SlotState[]
}

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
): Pick<TableState, 'addresses' | 'slots'> {
  const lookAgain = (at: readonly AddressState[]) => {
    for (const one of look(session, walked, at)) {
      const digits = mappedDigits(one.address)
      if (one.owner || one.verdict !== undefined) addresses.set(digits, one)
      else addresses.delete(digits)
    }
  }
  lookAgain(statesWithout(addresses, walked))
  if (!walked.includes(ATTACHMENTS)) return { addresses: existing(addresses), slots }
  const doubtful = doubtfulDigests({ addresses, slots })
  if (doubtful.size === 0) return { addresses: existing(addresses), slots }
  const checked = slotsAgain(session, { addresses, slots }, doubtful)
  const isNamed = new Set<string>()
  for (const { digest, address } of checked) {
    if (!address || !doubtful.has(digest)) continue
    const digits = mappedDigits(address)
    if (!addresses.has(digits)) addresses.set(digits, { address })
    isNamed.add(digits)
  }
  lookAgain(
    [...addresses].flatMap(([digits, one]) =>
      isNamed.has(digits) || (one.owner !== undefined && doubtful.has(digestOfOwner(one.owner))) ? [one] : [],
    ),
  )
  return { addresses: existing(addresses), slots: checked }
}

/** Those that lack an element in one of the maps that were walked. */
function statesWithout(addresses: MutableStates, walked: readonly string[]): AddressState[] {
  const isOwned = walked.includes(OWNERS)
  const hasPods = { ip: walked.includes(POD_MAPS.ip), ip6: walked.includes(POD_MAPS.ip6) }
  const lacking: AddressState[] = []
  for (const one of addresses.values()) {
    const { address, owner, verdict } = one
    const lacksPod = verdict === undefined && hasPods[address.family] && !isSameAddress(address, NOWHERE)
    if (lacksPod || (owner === undefined && isOwned)) lacking.push(one)
  }
  return lacking
}

function existing(addresses: MutableStates): AddressState[] {
  const found: AddressState[] = []
  for (const one of addresses.values())
    if (one.owner !== undefined || one.verdict !== undefined) found.push(one)
  return found
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
  const owned = addressesByDigest({ addresses: addresses.values() })
  const bySlots = slotsByDigest(slots)
  const doubtful = new Set<string>()
  // An iterator would make a pair for each of them.
  owned.forEach((own, digest) => {
    if (!hasSameAddresses(bySlots.get(digest) ?? [], own)) doubtful.add(digest)
  })
  bySlots.forEach((found, digest) => {
    if (!owned.has(digest) && found.some(({ address }) => address)) doubtful.add(digest)
  })
  return doubtful
}

/** Whether the slots have these addresses, in any order. Nearly all attachments have one or two. */
function hasSameAddresses(slots: readonly SlotState[], addresses: readonly Address[]): boolean {
  if (slots.length !== addresses.length) return false
  const slot = slots[0]?.address
  const address = addresses[0]
  if (slots.length === 1) return slot !== undefined && address !== undefined && isSameAddress(slot, address)
  const found = new Set(slots.map((one) => one.address && toMapped(one.address)))
  return found.size === slots.length && addresses.every((one) => found.has(toMapped(one)))
}

/** All slots; those of these attachments are looked up by key. */
function slotsAgain(
  session: Session,
  { addresses, slots }: Elements,
  doubtful: ReadonlySet<string>,
): readonly SlotState[] {
  const owned = addressesByDigest({ addresses: addresses.values() })
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
      return element?.value
        ? [slotState(digitsOf(key), fromMapped(element.value.value), element.comment)]
        : []
    }),
  ]
}
