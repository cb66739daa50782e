import type { Attachment } from '../../cni/attachment'
import { type Address, FAMILY_NAMES, type Family } from '../../policy/address'
import type { Removal } from '../backend'
import { attachmentId } from '../identity'
import { takeDown } from './apply'
import { DISPATCH, deleteAttachment, deleteChain, includes, ofFamily, ownerChain } from './layout'
import { type AddressState, parseOwner, parseState, type State } from './state'
import { ATTEMPTS, type Iptables, type Outcome, runList, runTransaction, toError } from './tool'
import type { Transaction } from './transaction'

/**
 * DEL. With the addresses that the ADD had: one restore for each family, which compares and deletes. Without: one list
 * of the owner's chain for each, and a deletion only if it is there. Refused: the table is read, and exactly what is
 * the attachment's goes. Throws and returns as the contract says.
 */
export function remove(iptables: Iptables, attachment: Attachment, hint: readonly Address[]): Removal {
  const id = attachmentId(attachment)
  const families =
    hint.length > 0 ? FAMILY_NAMES.filter((family) => ofFamily(family, hint).length > 0) : FAMILY_NAMES
  return mergeRemovals(
    families.map((family) => removeFamily(iptables, family, { id, hint: ofFamily(family, hint) })),
  )
}

/** What families, or several kinds of iptables, answered together: the worst that is worth telling. */
export function mergeRemovals(parts: readonly Removal[]): Removal {
  const unknown = parts.flatMap((part) => (part.outcome === 'unknown' ? [part.said] : []))
  if (unknown.length > 0) return { outcome: 'unknown', said: unknown.join('; ') }
  if (parts.some(({ outcome }) => outcome === 'removed')) return REMOVED
  const unusable = parts.flatMap((part) => (part.outcome === 'unusable' ? [part.said] : []))
  // One family may be missing on a machine without IPv6.
  if (unusable.length > 0 && unusable.length === parts.length)
    return { outcome: 'unusable', said: unusable.join('; ') }
  return ABSENT
}

const REMOVED: Removal = { outcome: 'removed' }
const ABSENT: Removal = { outcome: 'absent', mayBeElsewhere: true }

function removeFamily(
  iptables: Iptables,
  family: Family,
  { id, hint }: { readonly id: string; readonly hint: readonly Address[] },
): Removal {
  if (!iptables.hasTable(family)) return ABSENT
  let addresses = hint
  if (addresses.length === 0) {
    const listed = runList(iptables, family, ownerChain(id))
    // That there is no such chain is what a second DEL finds.
    if (!listed.ok) return listed.failure === 'refused' ? ABSENT : hopeless(listed)
    const rules = listed.stdout
      .split('\n')
      .flatMap((line) => (line.startsWith('-A ') ? [line.replace(/^-A \S+ /, '')] : []))
    addresses = parseOwner(id, rules, family).addresses
  }
  const outcome = runTransaction(iptables, family, deleteAttachment(id, addresses))
  if (outcome.ok) return REMOVED
  if (isHopeless(outcome)) return hopeless(outcome)
  // Before a table is read that may be another's, and long.
  const dispatch = runList(iptables, family, DISPATCH)
  if (!dispatch.ok && dispatch.failure === 'refused') return ABSENT
  return removeOwned(iptables, family, { id, orphans: hint })
}

function hopeless({ failure, said }: Outcome & { ok: false }): Removal {
  return { outcome: failure === 'unusable' || failure === 'unsupported' ? 'unusable' : 'unknown', said }
}

interface Own {
  readonly id: string
  /** Addresses that are thought to be its own, where nobody owns them any more. */
  readonly orphans?: readonly Address[]
}

/** Reads the table and takes away exactly what is the owner's. */
export function removeOwned(iptables: Iptables, family: Family, own: Own): Removal {
  for (let attempt = 1; ; attempt++) {
    const listed = runList(iptables, family)
    if (!listed.ok) return hopeless(listed)
    const transaction = deleteOwned(parseState(listed.stdout, family), own)
    if (transaction.length === 0) return ABSENT
    const outcome = runTransaction(iptables, family, transaction)
    if (outcome.ok) return REMOVED
    if (isHopeless(outcome)) return hopeless(outcome)
    if (attempt === ATTEMPTS) throw toError('remove the rules', outcome)
  }
}

/** All that is of this owner's, whatever is missing of it. */
export function deleteOwned(state: State, { id, orphans = [] }: Own): Transaction {
  const rows = state.owners.find((owner) => owner.id === id)?.addresses ?? []
  // A chain that names nobody any more is theirs whose rows name it.
  const isOwn = ({ owner, address }: AddressState) =>
    owner === id || (owner === undefined && (includes(rows, address) || includes(orphans, address)))
  const own = state.addresses.filter(isOwn)
  const hasChain = state.chains.has(ownerChain(id))
  return [
    ...own.flatMap(({ address, isDispatched, hasChain: has }) => takeDown(address, isDispatched, has)),
    ...(hasChain ? deleteChain(ownerChain(id)) : []),
  ]
}

function isHopeless({ failure }: Outcome & { ok: false }): boolean {
  return failure !== 'refused'
}
