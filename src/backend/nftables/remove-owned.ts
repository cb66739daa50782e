import { type Address, isSameAddress } from '../../policy/address'
import type { Removal } from '../backend'
import type { Carrier, Layout, Outcome } from './carrier'
import { NOWHERE } from './elsewhere'
import { ATTEMPTS, toError } from './failure'
import { type FoundSlots, findAddresses, findSlots, NO_SLOTS } from './find'
import { hopeless, isHopeless } from './hopeless'
import { deleteAddress, deletePod, NOBODY } from './layout'
import { digestOfOwner } from './owner'
import { addTombstone, deleteSlotsThatSay } from './slots'
import { type AddressState, CHANGES_TOO_FAST, exists, NO_TABLE } from './table-state'
import { bury } from './tombstone'
import type { Transaction } from './transaction'

export interface Known {
  readonly slots: FoundSlots
  readonly layout: Layout
}

export interface RemoveOptions {
  /**
   * Addresses that probably belong to the attachment, in addition to those of its slots. Where nobody owns them, they are
   * deleted too.
   */
  readonly orphans?: readonly Address[]
  /** The results of the caller's own look-ups. */
  readonly known?: Known
  /** The map of the slots does not exist, or is not ours: then only `owners` shows what the attachment has. */
  readonly mustWalk?: boolean
  /** A DEL leaves a tombstone, GC does not. `make-table`: leaves one even where it takes a table of its own. */
  readonly tombstone: 'none' | 'in-table' | 'make-table'
}

/**
 * Looks up what an attachment has, by its slots and by the addresses that it probably has, and deletes exactly that. Only
 * a table of an older layout, which has no slots, is walked. Throws and returns as `remove` does.
 */
export function removeOwned(
  carrier: Carrier,
  digest: string,
  { orphans = [], known, mustWalk = false, tombstone }: RemoveOptions,
): Removal {
  let isRefused = false
  let isOwnersGone = false
  /** The addresses of slots that are already deleted. */
  let lost: readonly Address[] = []
  for (let attempt = 1; ; attempt++) {
    const hints = { orphans: [...orphans, ...lost], known: attempt === 1 ? known : undefined, mustWalk }
    const looked = lookUp(carrier, digest, hints)
    if (!looked.ok) return hopeless(looked)
    const { slots, own, unowned, isElsewhere, isBare, doubt } = looked.value
    // If the DEL knows addresses, the rules are probably there: an nft that was missing when they were added could not
    // leave a mark.
    const mayBeElsewhere = orphans.length > 0 || isElsewhere
    const [isLeft, mayMakeTable] = [tombstone !== 'none' && !isRefused, tombstone === 'make-table']
    const deletePods = ({ address }: AddressState) =>
      isOwnersGone ? [deletePod(address)] : deleteAddress(address, NOBODY)
    const toDelete = [...own.flatMap(deleteFound), ...unowned.flatMap(deletePods)]
    const stale = slots.isTombstone ? [] : deleteSlotsThatSay(digest, slots.all)
    if (toDelete.length + stale.length === 0) {
      const isRestored = isLeft && !slots.isTombstone && bury(carrier, digest, { isBare, mayMakeTable })
      if (isRestored && attempt < ATTEMPTS) continue
      return doubt === undefined
        ? { outcome: 'absent', mayBeElsewhere }
        : { outcome: 'unknown', said: doubt, mayBeElsewhere }
    }
    const hasTomb = isLeft && stale.length > 0
    const outcome = carrier.run([...toDelete, ...stale, ...(hasTomb ? [addTombstone(digest)] : [])])
    if (outcome.ok) {
      const isRestored = isLeft && !hasTomb && bury(carrier, digest, { isBare, mayMakeTable })
      lost = stale.length > 0 ? slots.addresses.filter((address) => !isAmong(own, address)) : lost
      if ((isRestored || isOwner(carrier, digest, lost)) && attempt < ATTEMPTS) continue
      return toDelete.length > 0 ? { outcome: 'removed' } : { outcome: 'absent', mayBeElsewhere }
    }
    if (isHopeless(outcome)) return hopeless(outcome)
    // Perhaps the map of owners is missing: then nobody can own an address.
    isOwnersGone ||= outcome.failure === 'missing'
    // Another DEL of the same pod is one reason.
    const mayHaveChanged = outcome.failure === 'clash' || outcome.failure === 'missing'
    if (mayHaveChanged && attempt < ATTEMPTS) continue
    // The tombstone is best effort: if it is refused, the rules must be deleted all the same.
    if (hasTomb) {
      isRefused = true
      continue
    }
    // Nothing is known to be ours, so there is no reason to keep the address from being freed.
    if (own.length === 0) return hopeless(outcome)
    throw toError(carrier, 'remove the rules', outcome)
  }
}

function isAmong(states: readonly AddressState[], address: Address): boolean {
  return states.some((one) => isSameAddress(one.address, address))
}

/**
 * Whether the attachment has one of these addresses after all. A slot may outlive its address. If an ADD takes the
 * address back between our look and our transaction, the slot has the same content again, and deleting it would leave the
 * address without a slot.
 */
function isOwner(carrier: Carrier, digest: string, addresses: readonly Address[]): boolean {
  if (addresses.length === 0) return false
  const states = findAddresses(carrier, addresses)
  return states.ok && states.value.some(({ owner }) => owner && digestOfOwner(owner) === digest)
}

interface Look {
  readonly slots: FoundSlots
  readonly own: readonly AddressState[]
  readonly unowned: readonly AddressState[]
  /** Others may have rules in iptables. */
  readonly isElsewhere: boolean
  /** There is no table, or it has nothing but tombstones. */
  readonly isBare: boolean
  /** Why there may be more than was found. */
  readonly doubt?: string
}

interface Hints {
  readonly orphans: readonly Address[]
  readonly known: Known | undefined
  readonly mustWalk: boolean
}

function lookUp(carrier: Carrier, digest: string, { orphans, known, mustWalk }: Hints): Outcome<Look> {
  const layout = known ? ({ ok: true, value: known.layout } as const) : carrier.readLayout()
  if (!layout.ok) return layout
  const found = known ? ({ ok: true, value: known.slots } as const) : findSlots(carrier, digest)
  // The map has another type than ours.
  const isStrange = !found.ok && found.failure === 'refused'
  const slots = isStrange ? ({ ok: true, value: NO_SLOTS } as const) : found
  if (!slots.ok) return slots
  const { isCurrent, hasMark } = layout.value
  const walked = isCurrent && !isStrange && !mustWalk ? NOTHING_WALKED : walk(carrier, digest)
  if (!walked.ok) return walked
  const states = findAddresses(carrier, [...slots.value.addresses, ...walked.value.addresses, ...orphans])
  if (!states.ok) return states
  const ours = [...orphans, ...slots.value.addresses]
  const isOrphan = (address: Address) => ours.some((orphan) => isSameAddress(orphan, address))
  const { doubt } = walked.value
  return {
    ok: true,
    value: {
      slots: slots.value,
      own: states.value.filter(({ owner }) => owner && digestOfOwner(owner) === digest),
      unowned: states.value.filter(
        ({ address, owner, verdict }) => !owner && verdict !== undefined && isOrphan(address),
      ),
      isElsewhere: hasMark || walked.value.isBare || walked.value.hasMark,
      isBare: walked.value.isBare,
      ...(doubt !== undefined && { doubt }),
    },
  }
}

interface Walked {
  readonly addresses: readonly Address[]
  readonly isBare: boolean
  readonly hasMark: boolean
  readonly doubt?: string
}

const NOTHING_WALKED: Outcome<Walked> = {
  ok: true,
  value: { addresses: [], isBare: false, hasMark: false },
}

function walk(carrier: Carrier, digest: string): Outcome<Walked> {
  const read = carrier.readOwners()
  if (!read.ok && read.failure !== 'missing') return read
  const state = read.ok ? read.value : NO_TABLE
  const own = state.addresses.filter(({ owner }) => owner && digestOfOwner(owner) === digest)
  return {
    ok: true,
    value: {
      addresses: own.map(({ address }) => address),
      isBare: !exists(state),
      hasMark: state.addresses.some(({ address }) => isSameAddress(address, NOWHERE)),
      ...(state.mayLack && { doubt: CHANGES_TOO_FAST }),
    },
  }
}

/** Deletes what was read for an address: both elements, or the owner alone where the other one is lost. */
export function deleteFound({ address, owner, verdict }: AddressState): Transaction {
  return owner ? deleteAddress(address, owner, verdict !== undefined) : []
}
