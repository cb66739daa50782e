import { now } from '#system/clock'
import type { Backend } from '../backend/backend'
import { type AddedPod, restoreNetwork } from './restore'

/** How long the rules of others may hold up an ADD; half of this time is for reading which rules there are. */
const RESTORE_MS = 200

interface Node {
  readonly backend: Backend
  readonly backendWithin: (milliseconds: number) => Backend
  readonly cacheDir: string
}

/**
 * Restores the rules of the network's other pods, when an ADD found the table gone, as far as that takes only a moment.
 * Returns lines for stderr.
 */
export async function restoreOthers(
  { backend, backendWithin, cacheDir }: Node,
  added: AddedPod,
): Promise<readonly string[]> {
  // The time counts from here: on a busy node, loading the code that restores takes as long again.
  const readEnd = now() + RESTORE_MS / 2
  const isLate = () => now() >= readEnd
  const backends = { backend: backendWithin(RESTORE_MS), patientBackend: backend }
  const { restored, left } = await restoreNetwork(backends, { cacheDir, added, isLate })
  if (restored + left === 0) return []
  const remedy = left > 0 ? `; run ip-masq sync to restore ${left} more` : ''
  const others = restored === 1 ? '1 other attachment' : `${restored} other attachments`
  return [
    `the table was gone; ADD restored the rules of ${others} of network ${added.attachment.network}${remedy}`,
  ]
}
