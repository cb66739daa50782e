import type { Backend } from '../backend/backend'
import type { Inspection } from '../backend/inspection'
import { CniError } from '../cni/error'
import { readResultCache } from '../cni/result-cache'
import { cachedAddresses, liveAddresses, ofPod, type PodAddress, type Subject, withCache } from './pods'

interface FoundPods {
  readonly inspection: Inspection
  readonly pods: readonly PodAddress[]
}

/**
 * Asks the kernel first, because it finds one pod among 10,000 by key. Otherwise all entries of the caches have to be
 * read.
 */
export async function podsFor(
  subject: Subject,
  backend: Backend,
  cacheDirs: readonly string[],
): Promise<FoundPods> {
  const inspection = await backend.inspect(subject)
  const read = (suffix?: string) => readResultCache(cacheDirs, suffix ? { suffix } : {})
  const live = ofPod(withCache(liveAddresses(inspection, subject), read), subject)
  if (live.length > 0) return { inspection, pods: live }
  const cached = cachedAddresses(read(), subject)
  if (cached.length === 0 && 'pod' in subject)
    throw new CniError(
      'ioFailure',
      `Cannot explain ${subject.pod}: neither the rules here nor a result cache have such a pod; write its address, or check --cache-dir`,
    )
  if (cached.length === 0 && 'address' in subject)
    return { inspection, pods: [{ address: subject.address, rules: [] }] }
  const pods: PodAddress[] = []
  for (const one of cached) {
    const { address } = one
    const [found] = liveAddresses(await backend.inspect({ address }), { address })
    pods.push({ ...one, ...found, ...(one.cached && { cached: one.cached }) })
  }
  return { inspection, pods }
}
