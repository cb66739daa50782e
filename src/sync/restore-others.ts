import { now } from '#system/clock'
import type { Backend } from '../backend/backend'
import { type AddedPod, restoreNetwork } from './restore'

/** How long an ADD may be held up by the rules of others; half of it to read which there are. */
const RESTORE_MS = 200

interface Node {
  readonly backend: Backend
  readonly backendWithin: (milliseconds: number) => Backend
  readonly cacheDir: string
}

/**
 * The rules of the network's other pods, when an ADD found the table gone, as far as that can be done in a moment. Returns
 * what is to be said on stderr.
 */
export async function restoreOthers(
  { backend, backendWithin, cacheDir }: Node,
  added: AddedPod,
): Promise<readonly string[]> {
  // From here on: on a busy node it takes as long again to load what restores.
  const readEnd = now() + RESTORE_MS / 2
  const isLate = () => now() >= readEnd
  const backends = { backend: backendWithin(RESTORE_MS), patientBackend: backend }
  const { restored, left } = await restoreNetwork(backends, { cacheDir, added, isLate })
  if (restored + left === 0) return []
  const remedy = left > 0 ? `; ${left} are left to ip-masq sync` : ''
  return [
    `the table was gone; restored the rules of ${restored} other attachments of ${added.attachment.network}${remedy}`,
  ]
}
