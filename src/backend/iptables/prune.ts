import { type Address, FAMILY_NAMES, type Family, formatAddress } from '../../policy/address'
import type { Listed, ListedNote, Pruned, Removal } from '../backend'
import { deleteChain } from './layout'
import { chainsOfPolicy } from './policy-chains'
import { deleteOwned, removeOwned } from './remove'
import { readState, readStateIfAny, type State } from './state'
import { type Iptables, runTransaction } from './tool'

const ACTION = 'collect the garbage'

/** GC: the attachments in one restore for each family, or one by one; then the policies that no address goes to. */
export function prune(
  iptables: Iptables,
  isStale: (listed: Listed) => boolean,
  { dryRun }: { readonly dryRun: boolean },
): Pruned {
  const states = FAMILY_NAMES.map((family) => ({ family, state: readStateIfAny(iptables, family, ACTION) }))
  const stale = listAttachments(states.map(({ state }) => state)).filter(isStale)
  const ids = new Set(stale.map(({ id }) => id))
  const failures = new Map<string, string>()
  const policies = new Set<string>()
  for (const { family, state } of states) {
    if (dryRun) for (const name of unusedPolicies(state, ids)) policies.add(name)
    else pruneFamily(iptables, family, { state, ids, failures, policies })
  }
  return {
    removed: stale.filter(({ id }) => !failures.has(id)),
    policies: [...policies],
    failures: stale.flatMap((listed) => {
      const why = failures.get(listed.id)
      return why === undefined ? [] : [`${describe(listed)}: ${why}`]
    }),
  }
}

interface Work {
  readonly state: State
  readonly ids: ReadonlySet<string>
  readonly failures: Map<string, string>
  readonly policies: Set<string>
}

function pruneFamily(iptables: Iptables, family: Family, { state, ids, failures, policies }: Work): void {
  const all = deleteOwned(state, { ids })
  if (all.length > 0 && !runTransaction(iptables, family, all).ok) {
    for (const id of ids) {
      const why = attempt(() => removeOwned(iptables, family, { id }))
      if (why !== undefined) failures.set(id, why)
    }
  }
  const after = all.length > 0 ? readState(iptables, family, ACTION) : state
  if (after.strays.length > 0)
    runTransaction(
      iptables,
      family,
      after.strays.flatMap(({ chain }) => deleteChain(chain)),
    )
  for (const name of unusedPolicies(after, new Set())) {
    const chains = chainsOfPolicy(name).filter((chain) => after.chains.has(chain))
    const transaction = [
      ...chains.map((chain) => ({ do: 'flush-chain', chain }) as const),
      ...chains.flatMap((chain) => deleteChain(chain)),
    ]
    // Refused: an ADD has just begun to use it, or another GC was faster.
    if (runTransaction(iptables, family, transaction).ok) policies.add(name)
  }
}

function attempt(removal: () => Removal): string | undefined {
  try {
    const removed = removal()
    return 'said' in removed ? removed.said : undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

export function list(iptables: Iptables): Listed[] {
  return listAttachments(FAMILY_NAMES.map((family) => readStateIfAny(iptables, family, 'list the rules')))
}

/** The attachments of both families, each with all of its addresses. */
function listAttachments(states: readonly State[]): Listed[] {
  const byId = new Map<string, { addresses: Address[]; note: ListedNote | undefined }>()
  for (const { id, addresses, note } of states.flatMap(({ owners }) => owners)) {
    const known = byId.get(id)
    byId.set(id, { addresses: [...(known?.addresses ?? []), ...addresses], note: known?.note ?? note })
  }
  return [...byId].map(([id, { addresses, note }]) => ({ id, addresses, ...(note && { note }) }))
}

/** Policies that no address goes to, leaving those of `gone` owners out. */
function unusedPolicies({ chains, addresses }: State, gone: ReadonlySet<string>): string[] {
  const used = new Set(
    addresses.flatMap(({ policy, owners }) =>
      policy && !(owners.length > 0 && owners.every((id) => gone.has(id))) ? [policy] : [],
    ),
  )
  return [...chains.keys()].filter((chain) => chain.startsWith('IPM-P-') && !used.has(chain))
}

function describe({ note, addresses }: Listed): string {
  return note ? `${note.containerID} ${note.ifname}` : addresses.map(formatAddress).join(', ')
}
