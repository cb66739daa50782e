import type { Host } from './backend'

/** Bits of linux/capability.h. */
const CAPABILITIES = { CAP_NET_ADMIN: 12n, CAP_NET_RAW: 13n } as const
export type Capability = keyof typeof CAPABILITIES

/** `effective`: the bits of CapEff. */
export function hasCapability(effective: bigint, name: Capability): boolean {
  return ((effective >> CAPABILITIES[name]) & 1n) === 1n
}

/** STATUS: whether we may change rules; undefined where /proc does not show it. */
export function mayChangeRules(host: Host): boolean | undefined {
  const effective = host.effectiveCapabilities()
  return effective === undefined ? undefined : hasCapability(effective, 'CAP_NET_ADMIN')
}

export const NO_CAPABILITY = 'CAP_NET_ADMIN is missing'
