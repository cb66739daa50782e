import type { Backend, Wanted } from '../backend/backend'
import { nameOf } from '../sync/kept'
import type { SyncReport } from '../sync/sync'
import { error, type Finding, note, ok } from './finding'

/** The number of policies that are checked. A node has one or two. */
const MOST_POLICIES = 10

/**
 * Reports what CHECK would say for one attachment of each policy, because attachments of a policy share most of their
 * rules. Differences that a sync would remove are reported elsewhere.
 */
export async function checkAsCheck(
  backend: Pick<Backend, 'verify'>,
  { wanted, changes }: Pick<SyncReport, 'wanted' | 'changes'>,
): Promise<readonly Finding[]> {
  const check = 'check'
  const isChanged = new Set(changes.map(({ attachment }) => keyOf(attachment)))
  const all = examplesOf(wanted.filter(({ attachment }) => !isChanged.has(keyOf(attachment))))
  const chosen = all.slice(0, MOST_POLICIES)
  const findings: Finding[] = []
  const notes = new Set<string>()
  for (const one of chosen) {
    const differences = await backend.verify(one, (line) => notes.add(line))
    if (differences.length === 0) continue
    const what = `CHECK of ${nameOf(one.attachment)} fails: ${differences.join('; ')}`
    const why = 'CRI-O calls CHECK when it starts, and frees the address of a pod that fails it'
    findings.push(error(check, { what, why, mend: 'ip-masq sync' }))
  }
  if (findings.length === 0 && chosen.length > 0)
    findings.push(
      ok(
        check,
        `CHECK succeeds: tried for a pod of ${chosen.length === 1 ? 'the one policy' : `each of ${chosen.length} policies`}`,
      ),
    )
  if (all.length > chosen.length)
    findings.push(note(check, `CHECK was not tried for ${all.length - chosen.length} more policies`))
  return [...findings, ...[...notes].map((line) => note(check, line))]
}

/** One attachment for each policy and each way to write its rules. */
function examplesOf(wanted: readonly Wanted[]): readonly Wanted[] {
  const found = new Map<string, Wanted>()
  const keys = new Map<Wanted['policy'], string>()
  for (const one of wanted) {
    // Pods with equal policies have the same object.
    const key = keys.get(one.policy) ?? JSON.stringify(one.policy)
    keys.set(one.policy, key)
    const whole = `${one.backend} ${one.carrier} ${key}`
    if (!found.has(whole)) found.set(whole, one)
  }
  return [...found.values()]
}

function keyOf({ containerID, ifname }: Wanted['attachment']): string {
  return `${containerID} ${ifname}`
}
