import { FAMILY_NAMES, type Family } from '../../policy/address'
import { readState } from './state'
import { counts, currentChains, parseTombstone, type Tombstone } from './tombstones'
import { type Iptables, runList, toError } from './tool'

const ACTION = 'look for DELs of the last minutes'

/**
 * The attachments whose DEL has just come, in either family. One that was added again after that is not among them; that
 * costs a look at the whole table, and only where there are tombstones at all.
 */
export function gone(iptables: Iptables, bootSeconds: number): string[] {
  const latest = new Map<string, number>()
  for (const family of FAMILY_NAMES) {
    for (const one of tombstonesIn(iptables, family, bootSeconds)) {
      latest.set(one.id, Math.max(latest.get(one.id) ?? 0, one.bootSeconds))
    }
  }
  if (latest.size === 0) return []
  for (const family of FAMILY_NAMES) {
    if (!iptables.hasTable(family)) continue
    for (const { id, note } of readState(iptables, family, ACTION).owners) {
      if (
        note?.origin === 'added' &&
        (note.bootSeconds ?? 0) >= (latest.get(id) ?? Number.POSITIVE_INFINITY)
      ) {
        latest.delete(id)
      }
    }
  }
  return [...latest.keys()]
}

function tombstonesIn(iptables: Iptables, family: Family, bootSeconds: number): Tombstone[] {
  if (!iptables.hasTable(family)) return []
  const tombstones: Tombstone[] = []
  for (const chain of currentChains(bootSeconds)) {
    const listed = runList(iptables, family, chain)
    if (!listed.ok) {
      if (listed.failure === 'locked' || listed.failure === 'unknown') throw toError(ACTION, listed)
      // No such table or chain; where one is missing, so are the others.
      return tombstones
    }
    const rules = listed.stdout.split('\n').flatMap((line) => /^-A \S+ (.*)$/.exec(line)?.[1] ?? [])
    tombstones.push(...rules.flatMap((rule) => parseTombstone(rule, family) ?? []))
  }
  return tombstones.filter((one) => counts(one, bootSeconds))
}
