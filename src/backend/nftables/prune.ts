import { formatAddress } from '../../policy/address'
import type { Listed, Pruned, Removal } from '../backend'
import type { Carrier } from './carrier'
import { outdatedChains } from './outdated'
import { ownerId, parseOwnerComment } from './owner-notes'
import { deleteFound, removeOwned } from './remove-owned'
import { deletePolicy } from './set-up'
import { type AddressState, readOwners, readTable, type TableState } from './table-state'

const ACTION = 'collect the garbage'

/**
 * GC: first the attachments, in one transaction, or one by one when that is refused; then the policies that nothing
 * goes to any more, in transactions of their own: kernels before 6.2 cannot delete a chain in the transaction that
 * deletes the last element pointing at it.
 */
export function prune(
  carrier: Carrier,
  isStale: (listed: Listed) => boolean,
  options: { readonly dryRun: boolean },
): Pruned {
  const state = readTable(carrier, ACTION)
  // A newer layout is refused: what we do not know we do not tidy up.
  outdatedChains(state.table)
  const stale = listAttachments(state).filter(isStale)
  const addresses = new Set(stale.flatMap((listed) => listed.addresses.map(formatAddress)))
  const rest = state.addresses.filter(({ address }) => !addresses.has(formatAddress(address)))
  if (options.dryRun) return { removed: stale, policies: unusedPolicies(state, rest), failures: [] }

  const failures = new Map<Listed, string>()
  const all = state.addresses.filter(({ address }) => addresses.has(formatAddress(address)))
  const together = stale.length > 0 ? carrier.run(all.flatMap(deleteFound)) : undefined
  for (const listed of together?.ok === false ? stale : []) {
    const why = attempt(() => removeOwned(carrier, (owner) => ownerId(owner) === listed.id))
    if (why !== undefined) failures.set(listed, why)
  }

  const after = readTable(carrier, ACTION)
  const policies: string[] = []
  const refused: string[] = []
  for (const name of unusedPolicies(after, after.addresses)) {
    const outcome = carrier.run(deletePolicy(objectsOf(after, name)))
    if (outcome.ok) policies.push(name)
    // Busy: an ADD has just begun to use it. Missing: another GC was faster.
    else if (outcome.failure !== 'clash' && outcome.failure !== 'missing')
      refused.push(`${name}: ${outcome.said}`)
  }
  return {
    removed: stale.filter((listed) => !failures.has(listed)),
    policies,
    failures: [...[...failures].map(([listed, why]) => `${describe(listed)}: ${why}`), ...refused],
  }
}

/** Runs a removal; the reason if it failed or is not known to have worked. */
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
  return listAttachments(readOwners(carrier, 'list the rules'))
}

/** Each with all of its addresses. */
function listAttachments(state: TableState): Listed[] {
  const byId = new Map<string, Listed>()
  for (const { address, owner, comment } of state.addresses) {
    if (!owner) continue
    const id = ownerId(owner)
    const note = byId.get(id)?.note ?? parseOwnerComment(comment)
    byId.set(id, { id, addresses: [...(byId.get(id)?.addresses ?? []), address], ...(note && { note }) })
  }
  return [...byId.values()]
}

function unusedPolicies({ table }: TableState, addresses: readonly AddressState[]): string[] {
  const used = new Set(addresses.map(({ goto }) => goto))
  return table.blocks
    .flatMap(({ head }) => /^chain (policy-[0-9a-f]{16})$/.exec(head)?.[1] ?? [])
    .filter((name) => !used.has(name))
}

/** What stands of a policy; which of its sets and chains there are depends on what it says. */
function objectsOf({ table }: TableState, policy: string): Parameters<typeof deletePolicy>[0] {
  const names = (kind: string) =>
    table.blocks.flatMap(({ head }) => {
      const name = head.startsWith(`${kind} ${policy}`) ? head.slice(kind.length + 1) : ''
      return name === policy || name.startsWith(`${policy}-`) ? [{ name }] : []
    })
  return { chains: names('chain'), sets: names('set') }
}

function describe({ note, addresses }: Listed): string {
  return note ? `${note.containerID} ${note.ifname}` : addresses.map(formatAddress).join(', ')
}
