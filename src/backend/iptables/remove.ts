import type { Attachment } from '../../cni/attachment'
import { type Address, FAMILY_NAMES, type Family } from '../../policy/address'
import { takeDown } from './apply'
import { deleteAttachment, deleteChain, includes, ofFamily, ownerChain, ownerId } from './layout'
import { type AddressState, parseOwner, readState, type State } from './state'
import { ATTEMPTS, type Iptables, type Outcome, runList, runTransaction, toError } from './tool'
import type { Transaction } from './transaction'

/**
 * DEL. With the addresses that the ADD had: one restore for each family, which compares and deletes. Without: one list
 * of the owner's chain for each, and a deletion only if it is there. Refused: the table is read, and exactly what is
 * the attachment's goes. Throws and returns as the contract says.
 */
export function remove(
  iptables: Iptables,
  attachment: Attachment,
  hint: readonly Address[],
): string | undefined {
  const id = ownerId(attachment)
  const families =
    hint.length > 0 ? FAMILY_NAMES.filter((family) => ofFamily(family, hint).length > 0) : FAMILY_NAMES
  const unknown = families.flatMap(
    (family) => removeFamily(iptables, family, { id, hint: ofFamily(family, hint) }) ?? [],
  )
  return unknown.length > 0 ? unknown.join('; ') : undefined
}

function removeFamily(
  iptables: Iptables,
  family: Family,
  { id, hint }: { readonly id: string; readonly hint: readonly Address[] },
): string | undefined {
  let addresses = hint
  if (addresses.length === 0) {
    const listed = runList(iptables, family, ownerChain(id))
    // That there is no such chain is what a second DEL finds.
    if (!listed.ok) return listed.failure === 'refused' ? undefined : listed.said
    const rules = listed.stdout
      .split('\n')
      .flatMap((line) => (line.startsWith('-A ') ? [line.replace(/^-A \S+ /, '')] : []))
    addresses = parseOwner(id, rules, family).addresses
  }
  const outcome = runTransaction(iptables, family, deleteAttachment(id, addresses))
  if (outcome.ok) return undefined
  if (isHopeless(outcome)) return outcome.said
  return removeOwned(iptables, family, id)
}

/** Reads the table and takes away exactly what is the owner's. */
export function removeOwned(iptables: Iptables, family: Family, id: string): string | undefined {
  for (let attempt = 1; ; attempt++) {
    let state: State
    try {
      state = readState(iptables, family, 'remove the rules')
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
    const transaction = deleteOwned(state, id)
    if (transaction.length === 0) return undefined
    const outcome = runTransaction(iptables, family, transaction)
    if (outcome.ok) return undefined
    if (isHopeless(outcome)) return outcome.said
    if (attempt === ATTEMPTS) throw toError('remove the rules', outcome)
  }
}

/** All that is of this owner's, whatever is missing of it. */
export function deleteOwned(state: State, id: string): Transaction {
  const rows = state.owners.find((owner) => owner.id === id)?.addresses ?? []
  // A chain that names nobody any more is theirs whose rows name it.
  const isOwn = ({ owner, address }: AddressState) =>
    owner === id || (owner === undefined && includes(rows, address))
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
