import { FAMILY_NAMES, type Family } from '../../policy/address'
import { readState, type State } from './state'
import { counts, currentChains, parseTombstone, type Tombstone } from './tombstones'
import { type Iptables, runList, toError } from './tool'

const ACTION = 'look for recent DELs'

/**
 * The attachments whose DEL has just come in either family, except those that were added again afterwards. All kinds of
 * iptables are looked at together: a DEL leaves its tombstone in the first kind, and the ADD after it may have chosen the
 * other.
 */
export function gone(kinds: readonly Iptables[], bootSeconds: number): ReadonlySet<string> {
  const tables = kinds.flatMap((iptables) =>
    FAMILY_NAMES.flatMap((family) => readIfAny(iptables, family, bootSeconds)),
  )
  const latest = new Map<string, number>()
  for (const one of tables.flatMap((table) => tombstonesIn(table, bootSeconds))) {
    latest.set(one.id, Math.max(latest.get(one.id) ?? 0, one.bootSeconds))
  }
  for (const { id, note } of tables.flatMap(({ state }) => state.owners)) {
    const removed = latest.get(id)
    if (removed !== undefined && note?.origin === 'added' && (note.bootSeconds ?? 0) >= removed)
      latest.delete(id)
  }
  return new Set(latest.keys())
}

interface Table {
  readonly family: Family
  readonly state: State
}

/** Empty where there are no chains for tombstones: the table may be somebody else's, and long. */
function readIfAny(iptables: Iptables, family: Family, bootSeconds: number): Table[] {
  const [chain] = currentChains(bootSeconds)
  if (!iptables.hasTable(family) || !chain) return []
  const listed = runList(iptables, family, chain)
  if (listed.ok) return [{ family, state: readState(iptables, family, ACTION) }]
  if (listed.failure === 'locked' || listed.failure === 'unknown') throw toError(ACTION, listed)
  return []
}

function tombstonesIn({ family, state }: Table, bootSeconds: number): Tombstone[] {
  return currentChains(bootSeconds)
    .flatMap((chain) => state.chains.get(chain) ?? [])
    .flatMap((rule) => parseTombstone(rule, family) ?? [])
    .filter((one) => counts(one, bootSeconds))
}
