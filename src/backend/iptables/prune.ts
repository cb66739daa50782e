import { toCniError } from '../../cni/error'
import { type Address, FAMILY_NAMES, type Family } from '../../policy/address'
import type { Listed, ListedNote, Pruned, Removal } from '../backend'
import { listedHolder } from '../holder-name'
import { deleteChain, includes, ownerPrefix } from './layout'
import type { OwnerState } from './owner-state'
import { chainsOfPolicy, policyPrefix } from './policy-chains'
import { deleteOwned, removeOwned } from './remove'
import { readState, readStateIfAny, type State } from './state'
import { deleteTombstones, flushOldTombstones } from './tombstones'
import { type Iptables, runTransaction } from './tool'
import type { Transaction } from './transaction'

const ACTION = 'remove stale rules'

/** GC: removes the attachments in one restore for each family, or one by one; then the policies that no address leads to. */
export function prune(
  iptables: Iptables,
  isStale: (listed: Listed) => boolean,
  { dryRun, bootSeconds }: { readonly dryRun: boolean; readonly bootSeconds: number },
): Pruned {
  const states = FAMILY_NAMES.map((family) => ({ family, state: readStateIfAny(iptables, family, ACTION) }))
  const stale = listAttachments(states.map(({ state }) => state)).filter(isStale)
  const ids = new Set(stale.map(({ id }) => id))
  const addedAt = new Map(
    stale.flatMap(({ id, note }) => (note?.origin === 'added' ? [[id, note.bootSeconds ?? 0] as const] : [])),
  )
  const failures = new Map<string, string>()
  const policies = new Set<string>()
  for (const { family, state } of states) {
    if (dryRun) for (const name of unusedPolicies(state, ids)) policies.add(name)
    else pruneFamily(iptables, family, { state, ids, addedAt, failures, policies, bootSeconds })
  }
  return {
    removed: stale.filter(({ id }) => !failures.has(id)),
    policies: [...policies],
    failures: stale.flatMap((listed) => {
      const why = failures.get(listed.id)
      return why === undefined ? [] : [`${listedHolder(listed)}: ${why}`]
    }),
  }
}

interface Work {
  readonly state: State
  readonly ids: ReadonlySet<string>
  /** The time of the ADD that wrote them, in seconds since the boot, for those that an ADD wrote. */
  readonly addedAt: ReadonlyMap<string, number>
  readonly failures: Map<string, string>
  readonly policies: Set<string>
  readonly bootSeconds: number
}

function pruneFamily(iptables: Iptables, family: Family, work: Work): void {
  const { state, ids, addedAt, failures, policies, bootSeconds } = work
  const all = [...deleteOwned(state, { ids }), ...deleteTombstones(state, family, addedAt)]
  if (all.length > 0 && !runTransaction(iptables, family, all).ok) {
    for (const id of ids) {
      const why = attempt(() => removeOwned(iptables, family, { id }))
      if (why !== undefined) failures.set(id, why)
    }
  }
  const after = all.length > 0 ? readAgain(iptables, family) : state
  // The attachments are gone; the policies that they leave behind are for the next GC.
  if (!after) return
  const leftovers: Transaction = [
    ...[...after.strays.map(({ chain }) => chain), ...idleOwners(after)].flatMap(deleteChain),
    ...flushOldTombstones(after, family, bootSeconds),
  ]
  if (leftovers.length > 0) runTransaction(iptables, family, leftovers)
  for (const name of unusedPolicies(after, new Set())) {
    const chains = chainsOfPolicy(name).filter((chain) => after.chains.has(chain))
    const transaction = [
      ...chains.map((chain) => ({ do: 'flush-chain', chain }) as const),
      ...chains.flatMap((chain) => deleteChain(chain)),
    ]
    // A refusal means that an ADD has just begun to use it, or that another GC was faster.
    if (runTransaction(iptables, family, transaction).ok) policies.add(name)
  }
}

function readAgain(iptables: Iptables, family: Family): State | undefined {
  try {
    return readState(iptables, family, ACTION)
  } catch {
    return undefined
  }
}

/** Owners' chains that have no rules, and that no address names: a flush followed by a DEL leaves them. */
function idleOwners({ chains, addresses }: State): string[] {
  return [...chains].flatMap(([chain, rules]) => {
    if (!chain.startsWith(ownerPrefix) || rules.length > 0) return []
    const id = chain.slice(ownerPrefix.length)
    return addresses.some(({ owners }) => owners.includes(id)) ? [] : [chain]
  })
}

function attempt(removal: () => Removal): string | undefined {
  try {
    const removed = removal()
    return 'said' in removed ? removed.said : undefined
  } catch (error) {
    const { message, details } = toCniError(error)
    return details === '' ? message : `${message}: ${details}`
  }
}

export function list(iptables: Iptables): Listed[] {
  return listAttachments(FAMILY_NAMES.map((family) => readStateIfAny(iptables, family, 'list the rules')))
}

/** The owners; where an owner's own rows are lost, its addresses are read from the chains of addresses. */
function ownersIn({ owners, addresses }: State): OwnerState[] {
  const byOwner = new Map<string, Address[]>()
  for (const { address, owners: ids } of addresses) {
    for (const id of ids) byOwner.set(id, [...(byOwner.get(id) ?? []), address])
  }
  return owners.map((owner) => {
    const named = byOwner.get(owner.id) ?? []
    return {
      ...owner,
      addresses: [...owner.addresses, ...named.filter((one) => !includes(owner.addresses, one))],
    }
  })
}

/** The attachments of both families, each with all its addresses. */
export function listAttachments(states: readonly State[]): Listed[] {
  const byId = new Map<string, { addresses: Address[]; note: ListedNote | undefined }>()
  for (const { id, addresses, note } of states.flatMap(ownersIn)) {
    if (addresses.length === 0 && note === undefined) continue
    const known = byId.get(id)
    byId.set(id, { addresses: [...(known?.addresses ?? []), ...addresses], note: fuller(known?.note, note) })
  }
  return [...byId].map(([id, { addresses, note }]) => ({ id, addresses, ...(note && { note }) }))
}

/**
 * The note that says more: for IPv6 an older version's note has the whole digest of the network's name, for IPv4 half of
 * it.
 */
function fuller(first: ListedNote | undefined, second: ListedNote | undefined): ListedNote | undefined {
  if (!first || !second) return first ?? second
  return second.networkDigest.length > first.networkDigest.length ? second : first
}

/** Policies that no address leads to, apart from the addresses of `gone` owners. */
function unusedPolicies({ chains, addresses }: State, gone: ReadonlySet<string>): string[] {
  const used = new Set(
    addresses.flatMap(({ policy, owners }) =>
      policy && !(owners.length > 0 && owners.every((id) => gone.has(id))) ? [policy] : [],
    ),
  )
  return [...chains.keys()].filter((chain) => chain.startsWith(policyPrefix) && !used.has(chain))
}
