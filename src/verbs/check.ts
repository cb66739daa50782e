import type { Wanted } from '../backend/backend'
import { CniError } from '../cni/error'
import { primaryWarnings } from '../primary/warnings'
import { repairMissing } from '../sync/repair'
import type { Answer, Call, Input } from './call'
import { readWanted } from './read-wanted'

/**
 * The verb CHECK. It repairs missing rules, unless the config says otherwise: a runtime that starts after a flush calls
 * CHECK for every pod (CRI-O), and a failure there costs the pod its address in the runtime's records. Altered rules are
 * drift.
 */
export async function check(call: Call, input: Input): Promise<Answer> {
  const { wanted, settings, warnings } = await readWanted('CHECK', call, input)
  const strange: string[] = []
  const differences = await call.backend.verify(wanted, (line) => strange.push(line))
  if (differences.length === 0) {
    const others = await primaryWarnings(call.primaryFirewalls, wanted.addresses)
    return { stdout: '', warnings: [...warnings, ...strange, ...others] }
  }
  const { containerID, ifname } = wanted.attachment
  const { repairOnCheck } = settings.config
  const left = repairOnCheck ? await repairMissing(call.backend, wanted, differences) : differences
  if (left.length > 0) {
    throw new CniError(
      'drift',
      `Cannot confirm the rules of ${containerID} ${ifname}: ${left.length} missing or altered`,
      [...ownListOf(wanted), ...left].join('\n'),
    )
  }
  const repaired = `CHECK restored the rules of ${containerID} ${ifname}, which were missing`
  return { stdout: '', warnings: [...warnings, repaired] }
}

/** A line if the pod has a list of its own, because the comparison then does not use the conflist's list. */
function ownListOf({ podList }: Wanted): string[] {
  if (!podList) return []
  const count = podList.length === 1 ? '1 prefix' : `${podList.length} prefixes`
  return [`the policy is made from the pod's own list of ${count}`]
}
