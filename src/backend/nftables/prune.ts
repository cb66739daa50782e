import { CniError } from '../../cni/error'
import type { Listed, Pruned, Removal } from '../backend'
import { listedHolder } from '../holder-name'
import { idOfDigest } from '../identity'
import type { Carrier } from './carrier'
import { mendSlots } from './fill-slots'
import { policyOf } from './layout'
import { listAttachments } from './listed-attachments'
import { hasLayout, outdatedChains } from './outdated'
import { digestOfOwner } from './owner'
import { readOwners, readTable } from './read-table'
import { deleteFound, removeOwned } from './remove-owned'
import { deletePolicy } from './set-up'
import { deleteSlotsThatSay } from './slots'
import { policyChainsIn } from './table'
import { type AddressState, CHANGES_TOO_FAST, type TableState } from './table-state'

const ACTION = 'remove stale rules'

/**
 * GC: first the attachments, in one transaction, or one by one when that is refused; then the policies that nothing leads
 * to any more, in transactions of their own. Kernels before 6.2 cannot delete a chain in the transaction that deletes the
 * last element leading to it. The kernel refuses to delete a chain that something leads to, so an element that was not
 * read keeps its policy.
 */
export function prune(
  carrier: Carrier,
  isStale: (listed: Listed) => boolean,
  options: { readonly dryRun: boolean },
): Pruned {
  const state = readTable(carrier, ACTION)
  // A newer layout is refused: we do not tidy up what we do not know.
  outdatedChains(state.table)
  const digests = new Map<Listed, string>()
  for (const [digest, listed] of listAttachments(state)) if (isStale(listed)) digests.set(listed, digest)
  const stale = [...digests.keys()]
  const staleDigests = new Set(digests.values())
  const isOfStale = ({ owner }: AddressState) => owner !== undefined && staleDigests.has(digestOfOwner(owner))
  if (options.dryRun) {
    const rest = state.addresses.filter((one) => !isOfStale(one))
    return { removed: stale, policies: unusedPolicies(state, rest), failures: doubts(state) }
  }

  const failures = new Map<Listed, string>()
  const together =
    stale.length > 0 && !state.mayLack
      ? carrier.run([
          ...state.addresses.filter(isOfStale).flatMap(deleteFound),
          ...state.slots
            .filter(({ digest }) => staleDigests.has(digest))
            .flatMap((one) => deleteSlotsThatSay(one.digest, [one])),
        ])
      : undefined
  for (const [listed, digest] of together?.ok ? [] : digests) {
    const why = attempt(() => removeOwned(carrier, digest, { tombstone: 'none' }))
    if (why !== undefined) failures.set(listed, why)
  }

  const after = stale.length > 0 ? readTable(carrier, ACTION) : state
  const { policies, refused } = prunePolicies(carrier, after)
  return {
    removed: stale.filter((listed) => !failures.has(listed)),
    policies,
    failures: [
      ...[...failures].map(([listed, why]) => `${listedHolder(listed)}: ${why}`),
      ...refused,
      ...pruneSlots(carrier, after),
      ...doubts(state),
    ],
  }
}

function prunePolicies(carrier: Carrier, state: TableState) {
  const policies: string[] = []
  const refused: string[] = []
  for (const name of unusedPolicies(state, state.addresses)) {
    const outcome = carrier.run(deletePolicy(objectsOf(state, name)))
    if (outcome.ok) policies.push(name)
    // `clash`: an ADD has just begun to use it. `missing`: another GC was faster.
    else if (outcome.failure !== 'clash' && outcome.failure !== 'missing')
      refused.push(`${name}: ${outcome.said}`)
  }
  return { policies, refused }
}

/**
 * Removes slots that an older version left behind or did not use. What fails because of a parallel call is left for the
 * next GC.
 */
function pruneSlots(carrier: Carrier, state: TableState): string[] {
  if (state.mayLack || !hasLayout(state.table)) return []
  const { transaction } = mendSlots(state)
  const outcome = transaction.length > 0 ? carrier.run(transaction) : undefined
  if (!outcome || outcome.ok || outcome.failure === 'clash' || outcome.failure === 'missing') return []
  return [`map attachments: ${outcome.said}`]
}

function doubts({ mayLack }: TableState): string[] {
  return mayLack ? [`${CHANGES_TOO_FAST}; there may be more to remove`] : []
}

/** Runs a removal, and returns the reason if it failed or may have failed. */
function attempt(removal: () => Removal): string | undefined {
  try {
    const removed = removal()
    return 'said' in removed ? removed.said : undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** The attachments in the table. */
export function list(carrier: Carrier): Listed[] {
  const state = readOwners(carrier, 'list the rules')
  if (state.mayLack) throw new CniError('tryAgain', `Cannot list the rules: ${CHANGES_TOO_FAST}; try again`)
  return [...listAttachments(state).values()]
}

/** The `attachmentId`s that have a tombstone. */
export function listGone(carrier: Carrier): Set<string> {
  const { slots } = readOwners(carrier, 'list the rules')
  return new Set(
    slots.flatMap(({ digest, slot, address }) => (slot === 0 && !address ? [idOfDigest(digest)] : [])),
  )
}

function unusedPolicies({ table }: TableState, addresses: readonly AddressState[]): string[] {
  const used = new Set(addresses.map(({ verdict }) => policyOf(verdict)))
  return policyChainsIn(table).filter((name) => !used.has(name))
}

/** The existing objects of a policy; which sets and chains it has depends on its rules. */
function objectsOf({ table }: TableState, policy: string): Parameters<typeof deletePolicy>[0] {
  const isOfPolicy = ({ name }: { readonly name: string }) => name === policy || name.startsWith(`${policy}-`)
  return {
    chains: table.chains.filter(isOfPolicy),
    sets: table.sets.filter((set) => set.type.value === undefined && isOfPolicy(set)),
  }
}
