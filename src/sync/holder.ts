import { bootSeconds } from '#system/clock'
import type { Listed } from '../backend/backend'
import { judge } from './gone'
import { readNodeCache } from './node-cache'

/** This is longer than any runtime lets an ADD take. */
const GRACE_SECONDS = 600

interface Asking {
  readonly cacheDir: string
  /** The network namespace of the pod that is being added; it has the address already. */
  readonly netns: string
}

/**
 * An ADD finds that an attachment of another network holds its address. Returns whether that attachment is proven gone.
 * The IPAM of this network may be a pod author's own choice (static addresses), so its word alone is not enough to take a
 * rule from a running pod.
 */
export function isHolderGone(holder: Listed, { cacheDir, netns }: Asking): boolean {
  const cache = readNodeCache([cacheDir])
  const verdict = judge({ cache, bootSeconds: bootSeconds(), graceSeconds: GRACE_SECONDS, except: netns })(
    holder,
  )
  return verdict.is === 'gone'
}
