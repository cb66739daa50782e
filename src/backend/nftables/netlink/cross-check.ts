import { formatAddress, isSameAddress } from '../../../policy/address'
import type { ElementKey } from '../carrier'
import { NOWHERE } from '../elsewhere'
import { addressesByDigest, hasSlotsFor, slotsByDigest } from '../fill-slots'
import { findAddresses } from '../find-addresses'
import { ATTACHMENTS, OWNERS, POD_MAPS } from '../layout'
import { slotState } from '../slot-notes'
import { slotKey } from '../slots'
import type { AddressState, SlotState, TableState } from '../table-state'
import { findElements } from './find'
import type { Session } from './session'

type Elements = Pick<TableState, 'addresses' | 'slots'>

/**
 * The maps are walked one after the other, so an ADD or a DEL in between leaves an element in one without its counterpart
 * in another. What one of the walked maps has and another lacks is looked up by key, in both.
 */
export function crossCheck(
  session: Session,
  walked: readonly string[],
  { addresses, slots }: Elements,
): Elements {
  const known = new Map(addresses.map((one) => [formatAddress(one.address), one]))
  for (const { address } of slots)
    if (address && !known.has(formatAddress(address))) known.set(formatAddress(address), { address })
  const doubtful = [...known.values()].filter(
    ({ address, owner, verdict }) =>
      (!owner && walked.includes(OWNERS)) ||
      (verdict === undefined &&
        walked.includes(POD_MAPS[address.family]) &&
        !isSameAddress(address, NOWHERE)),
  )
  for (const one of look(session, walked, doubtful)) {
    const text = formatAddress(one.address)
    if (one.owner || one.verdict !== undefined) known.set(text, one)
    else known.delete(text)
  }
  const all = [...known.values()].filter(({ owner, verdict }) => owner || verdict !== undefined)
  const elements = { addresses: all, slots }
  return walked.includes(ATTACHMENTS) ? { ...elements, slots: checkSlots(session, elements) } : elements
}

function look(
  session: Session,
  walked: readonly string[],
  doubtful: readonly AddressState[],
): AddressState[] {
  const lookUp = (keys: readonly ElementKey[]) => ({ ok: true as const, value: findElements(session, keys) })
  const addresses = doubtful.map(({ address }) => address)
  const outcome = findAddresses({ lookUp }, addresses, (map) => walked.includes(map))
  // What fails throws, in `findElements`.
  return outcome.ok ? outcome.value : []
}

/** The slots of attachments whose walked ones are not those of their addresses are looked up by key. */
function checkSlots(session: Session, { addresses, slots }: Elements): readonly SlotState[] {
  const owned = addressesByDigest({ addresses })
  const bySlots = slotsByDigest(slots)
  const digests = new Set([...owned.keys(), ...bySlots.keys()])
  const doubtful = [...digests].filter((digest) => {
    const [own, found] = [owned.get(digest) ?? [], bySlots.get(digest) ?? []]
    const isTombstone = own.length === 0 && found.every(({ address }) => !address)
    return !isTombstone && !hasSlotsFor(found, own)
  })
  const keys = doubtful.flatMap((digest) => {
    const count = Math.max(owned.get(digest)?.length ?? 0, bySlots.get(digest)?.length ?? 0)
    return Array.from({ length: count }, (_, slot) => slotKey(digest, slot))
  })
  const found = findElements(
    session,
    keys.map((key) => ({ set: ATTACHMENTS, key })),
  )
  const isDoubtful = new Set(doubtful)
  return [
    ...slots.filter(({ digest }) => !isDoubtful.has(digest)),
    ...keys.flatMap((key, i) => {
      const element = found[i]
      return element?.value ? [slotState(key, { ...element, value: element.value })] : []
    }),
  ]
}
