import type { Host } from './backend'

/** linux/capability.h */
const CAP_NET_ADMIN = 12n

/** STATUS: whether we may change rules; undefined where /proc does not tell. */
export function mayChangeRules(host: Host): boolean | undefined {
  const capabilities = host.effectiveCapabilities()
  return capabilities === undefined ? undefined : ((capabilities >> CAP_NET_ADMIN) & 1n) === 1n
}

export const NO_CAPABILITY = 'CAP_NET_ADMIN is not effective'
