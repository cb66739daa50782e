import type { Lane } from './lane'
import { readIptables } from './read-iptables'
import { readNftables } from './read-nftables'

/** What a kernel holds of ours, the same for each firewall; read with its own tools and by no code of the product. */
export interface Observation {
  /** Address -> who holds it, and by which policy its packets go. */
  readonly rules: Readonly<Record<string, ObservedRule>>
  /** Policy -> what it does. */
  readonly policies: Readonly<Record<string, ObservedPolicy>>
  /** Packets of pods come to our rules. */
  readonly isHooked: boolean
  /** All that is not ours, as text. */
  readonly foreign: string
  /** What does not belong together, a line each. */
  readonly problems: readonly string[]
}

export interface ObservedRule {
  /** The first hex digits of sha256(JSON [containerID, ifname]): the same in all firewalls. */
  readonly id: string
  readonly policy: string
}

export interface ObservedPolicy {
  /** Its rules as text without names that are made anew; equal texts are equal policies. */
  readonly text: string
  readonly isMasqueraded: (destination: string) => boolean
}

export const ID_DIGITS = 20

export async function observe(lane: Lane): Promise<Observation> {
  return lane.kind.firewall === 'nftables' ? readNftables(lane) : readIptables(lane)
}
