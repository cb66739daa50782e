import { type Address, FAMILY_NAMES, type Family } from '../../policy/address'
import { formatAddress } from '../../policy/address-text'
import type { Removal } from '../backend'
import { hopeless, isHopeless } from './hopeless'
import {
  addressChain,
  DISPATCH,
  deleteAttachment,
  deleteChain,
  ofFamily,
  ownerChain,
  ownerRule,
} from './layout'
import { parseOwner } from './owner-state'
import { renderRule } from './render'
import { deleteStrays, takeDown } from './rewrite'
import { type AddressState, parseState, type State } from './state'
import { addTombstone, makeTombstoneChains, type Tombstone } from './tombstones'
import { ATTEMPTS, type Iptables, runList, runTransaction, toError } from './tool'
import type { Operation, Transaction } from './transaction'

/** The attachment and the time of a DEL; it leaves a tombstone (`tombstones.ts`). */
export interface Del extends Tombstone {
  /** The addresses that the attachment probably has. */
  readonly hint: readonly Address[]
  /** A restore would put its rules here, so a tombstone is needed even where nothing of ours is left. */
  readonly isHome: boolean
}

/**
 * DEL. With the addresses that the ADD had, one restore for each family compares and deletes. Without them, one listing
 * of the owner's chain for each family, and a deletion only if the chain exists. Where that is refused, the table is
 * read, and exactly what belongs to the attachment is removed. Throws and returns as the contract says.
 */
export function remove(iptables: Iptables, del: Del): Removal {
  const { hint } = del
  const hinted = FAMILY_NAMES.filter((family) => ofFamily(family, hint).length > 0)
  const outcomes: (Removal | 'refused')[] = []
  for (const family of hinted) {
    const outcome = removeHinted(iptables, family, del)
    // A lock is held for the other family too, and the time of a call is limited.
    if (outcome !== 'refused' && outcome.outcome === 'unknown') return outcome
    outcomes.push(outcome)
  }
  const isRefused = outcomes.includes('refused')
  const rest = FAMILY_NAMES.filter((family) => {
    // The ADD had other addresses, or none; we do not know in which family.
    const outcome = outcomes[hinted.indexOf(family)]
    return outcome === 'refused' || (outcome === undefined && (isRefused || hint.length === 0))
  })
  const removals = outcomes.filter((outcome) => outcome !== 'refused')
  for (const family of rest) {
    // One tombstone is enough: a restore writes both families before it looks for tombstones in both.
    const isFirst = !removals.some(({ outcome }) => outcome === 'removed' || outcome === 'absent')
    const removal = removeFamily(iptables, family, { ...del, isHome: del.isHome && isFirst })
    if (removal.outcome === 'unknown') return removal
    removals.push(removal)
  }
  return mergeRemovals(removals)
}

/** Merges the results of families, or of several kinds of iptables: the worst one that is worth reporting. */
export function mergeRemovals(parts: readonly Removal[]): Removal {
  const unknown = parts.flatMap((part) => (part.outcome === 'unknown' ? [part.said] : []))
  if (unknown.length > 0) return { outcome: 'unknown', said: unknown.join('; '), mayBeElsewhere: false }
  if (parts.some(({ outcome }) => outcome === 'removed')) return REMOVED
  const unusable = parts.flatMap((part) => (part.outcome === 'unusable' ? [part.said] : []))
  // One family may be missing on a machine without IPv6.
  if (unusable.length > 0 && unusable.length === parts.length)
    return { outcome: 'unusable', said: unusable.join('; ') }
  return ABSENT
}

const REMOVED: Removal = { outcome: 'removed' }
const ABSENT: Removal = { outcome: 'absent', mayBeElsewhere: true }

/** Whether there may be something to remove, or a tombstone is needed. */
function mayHold(iptables: Iptables, family: Family, { isHome }: Del): boolean {
  return isHome ? iptables.hasTable(family) : iptables.mayHaveRules(family)
}

function removeHinted(iptables: Iptables, family: Family, del: Del): Removal | 'refused' {
  if (!mayHold(iptables, family, del)) return ABSENT
  const { id, hint } = del
  const outcome = runTransaction(iptables, family, [
    ...deleteAttachment(family, { id, addresses: ofFamily(family, hint), all: hint }),
    ...addTombstone(family, del),
  ])
  if (outcome.ok) return REMOVED
  return isHopeless(outcome) ? hopeless(outcome) : 'refused'
}

function removeFamily(iptables: Iptables, family: Family, del: Del): Removal {
  if (!mayHold(iptables, family, del)) return ABSENT
  const { id } = del
  const orphans = ofFamily(family, del.hint)
  const own = { id, orphans, del }
  const listed = runList(iptables, family, ownerChain(id))
  if (!listed.ok) {
    if (listed.failure !== 'refused') return hopeless(listed)
    // A second DEL finds no such chain. With addresses there is more to look at, but not in a table that belongs to
    // somebody else, and may be long.
    if (orphans.length === 0 || !runList(iptables, family, DISPATCH).ok)
      return leaveTombstone(iptables, family, own)
  } else if (orphans.length === 0) {
    const rules = listed.stdout
      .split('\n')
      .flatMap((line) => (line.startsWith('-A ') ? [line.replace(/^-A \S+ /, '')] : []))
    const { addresses } = parseOwner(id, rules)
    const outcome = runTransaction(iptables, family, [
      ...deleteAttachment(family, { id, addresses }),
      ...addTombstone(family, del),
    ])
    if (outcome.ok) return REMOVED
    if (isHopeless(outcome)) return hopeless(outcome)
  }
  return removeOwned(iptables, family, own)
}

interface Own {
  readonly id: string
  /** Addresses that are probably its own, where nobody owns them any more. */
  readonly orphans?: readonly Address[]
  /** Absent for GC, which leaves no tombstone. */
  readonly del?: Del
}

/**
 * Leaves a tombstone after a DEL that found nothing, because a restore that read the result cache earlier may be under
 * way. The same script makes the owner's chain, which proves that the chain is still absent when the tombstone is
 * written.
 */
function leaveTombstone(iptables: Iptables, family: Family, own: Own & { readonly del: Del }): Removal {
  if (!own.del.isHome) return ABSENT
  const chain = ownerChain(own.id)
  const outcome = runTransaction(iptables, family, [
    { do: 'new-chain', chain },
    { do: 'delete-chain', chain },
    ...addTombstone(family, own.del),
  ])
  if (outcome.ok) return ABSENT
  return isHopeless(outcome) ? hopeless(outcome) : removeOwned(iptables, family, own)
}

/** Reads the table and removes exactly what belongs to the owner. */
export function removeOwned(iptables: Iptables, family: Family, own: Own): Removal {
  for (let attempt = 1; ; attempt++) {
    const listed = runList(iptables, family)
    if (!listed.ok) return hopeless(listed)
    const state = parseState(listed.stdout, family)
    const deletion = deleteOwned(state, { ...own, ids: new Set([own.id]) })
    const isLast = attempt === ATTEMPTS
    const needsTombstone = own.del && !isLast && (deletion.length > 0 || own.del.isHome)
    // The last attempt leaves no tombstone: a refused tombstone must neither keep the rules nor fail a DEL.
    const tombstone = own.del && needsTombstone ? bury(state, family, own.del) : []
    if (deletion.length + tombstone.length === 0) return ABSENT
    const outcome = runTransaction(iptables, family, [...deletion, ...tombstone])
    if (outcome.ok) return deletion.length > 0 ? REMOVED : ABSENT
    if (isHopeless(outcome)) return hopeless(outcome)
    if (isLast) throw toError('remove the rules', outcome)
  }
}

/** Writes a tombstone. Its chains are missing where an older version set the table up, and after a flush. */
function bury(state: State, family: Family, del: Del): Transaction {
  return [...makeTombstoneChains(state), ...addTombstone(family, del)]
}

interface Gone {
  readonly ids: ReadonlySet<string>
  readonly orphans?: readonly Address[]
}

/** Deletes everything that belongs to these owners, whatever is missing of it. */
export function deleteOwned(state: State, { ids, orphans = [] }: Gone): Transaction {
  const rows = state.owners.flatMap(({ id, addresses }) => (ids.has(id) ? addresses : []))
  const named = new Set([...rows, ...orphans].map(formatAddress))
  // A chain that names no owner any more belongs to the owner whose rows name it.
  const isOrphan = ({ owners, address }: AddressState) =>
    owners.length === 0 && named.has(formatAddress(address))
  const isOwn = ({ owners }: AddressState) => owners.length > 0 && owners.every((id) => ids.has(id))
  return [
    ...state.addresses.flatMap((one) => (isOwn(one) || isOrphan(one) ? takeDown(one) : leaveTo(one, ids))),
    ...deleteStrays(state, ids, orphans),
    ...[...ids].flatMap((id) => (state.chains.has(ownerChain(id)) ? deleteChain(ownerChain(id)) : [])),
  ]
}

/** Where ADDs collided, removes the share of these owners; the others keep theirs. */
function leaveTo({ address, owners, rules }: AddressState, ids: ReadonlySet<string>): Transaction {
  return owners
    .filter((id) => ids.has(id))
    .flatMap((id) => {
      const rule = ownerRule(id)
      return rules
        .filter((text) => text === renderRule(rule))
        .map((): Operation => ({ do: 'delete-rule', chain: addressChain(address), rule }))
    })
}
