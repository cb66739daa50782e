import { type Address, digitsOf, fromMapped } from '../../policy/address'
import { formatAddress } from '../../policy/address-text'
import type { Carrier, ElementKey, FoundElement, Outcome } from './carrier'
import { ATTACHMENTS, OWNERS, ownerKey, POD_MAPS } from './layout'
import { NO_ADDRESS, slotKey } from './slots'
import type { AddressState } from './table-state'

/** Looks up by key what the maps have for an address or an attachment. A look-up by key is exact. */

/** The elements that the maps have for these addresses. */
export function findAddresses(
  carrier: Pick<Carrier, 'lookUp'>,
  addresses: readonly Address[],
  isThere: (map: string) => boolean = () => true,
): Outcome<AddressState[]> {
  const distinct = [...new Map(addresses.map((address) => [formatAddress(address), address])).values()]
  const keys = distinct.flatMap((address) => [
    { set: OWNERS, key: ownerKey(address) },
    { set: POD_MAPS[address.family], key: address },
  ])
  const asked = keys.filter(({ set }) => isThere(set))
  const outcome = carrier.lookUp(asked)
  if (!outcome.ok) return outcome
  const found = new Map(asked.map((key, i) => [key, outcome.value[i]]))
  return {
    ok: true,
    value: distinct.map((address, i): AddressState => {
      const [owner, pod] = keys.slice(2 * i, 2 * i + 2).map((key) => found.get(key))
      return {
        address,
        ...(owner?.value && { owner: digitsOf(owner.value) }),
        ...(owner?.comment !== undefined && { comment: owner.comment }),
        ...(pod?.verdict !== undefined && { verdict: pod.verdict }),
      }
    }),
  }
}

/** The slots that `attachments` has for one attachment. */
export interface FoundSlots {
  /** The slots that exist; a tombstone has no address. */
  readonly all: readonly { readonly slot: number; readonly address?: Address }[]
  readonly addresses: readonly Address[]
  readonly isTombstone: boolean
  /** The comment of slot 0. */
  readonly comment?: string
}

export const NO_SLOTS: FoundSlots = { all: [], addresses: [], isTombstone: false }

/**
 * Looks the slots up by key, which is exact: first slot 0, then as many more as its comment counts. At least `atLeast`
 * slots are looked up, because an ADD has to clear even those that the comment does not count.
 */
export function findSlots(carrier: Carrier, digest: string, atLeast = 1): Outcome<FoundSlots> {
  const found: (FoundElement | undefined)[] = []
  for (let wanted = atLeast; wanted > 0; ) {
    const looked = carrier.lookUp(slotKeys(digest, found.length, wanted))
    if (!looked.ok) return looked
    for (const one of looked.value) found.push(one)
    const count = countIn(found[0]?.comment)
    // A comment that somebody else wrote counts nothing: then the first missing slot is the end. A tombstone is the only
    // slot.
    const isLast = found[0]?.value?.value === NO_ADDRESS.value || !found[found.length - 1]
    wanted = count === undefined ? (isLast ? 0 : 1) : count - found.length
  }
  return { ok: true, value: toSlots(found) }
}

function slotKeys(digest: string, from: number, count: number): ElementKey[] {
  const keys: ElementKey[] = []
  for (let slot = from; slot < from + count; slot++)
    keys.push({ set: ATTACHMENTS, key: slotKey(digest, slot) })
  return keys
}

/** More addresses than any attachment has. */
const MOST_SLOTS = 1000

/** The number that a comment begins with. */
function countIn(comment = ''): number | undefined {
  const count = Number(comment.slice(0, comment.indexOf(' ')))
  return count > 0 && count < MOST_SLOTS && Number.isInteger(count) ? count : undefined
}

function toSlots(found: readonly (FoundElement | undefined)[]): FoundSlots {
  const addresses: Address[] = []
  const all: { slot: number; address?: Address }[] = []
  for (let slot = 0; slot < found.length; slot++) {
    const value = found[slot]?.value
    if (!value) continue
    const address = value.value === NO_ADDRESS.value ? undefined : fromMapped(value.value)
    all.push(address ? { slot, address } : { slot })
    if (address) addresses.push(address)
  }
  const [first] = found
  return {
    all,
    addresses,
    isTombstone: first?.value?.value === NO_ADDRESS.value,
    ...(first?.comment !== undefined && { comment: first.comment }),
  }
}
