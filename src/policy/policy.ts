import type { Family } from './address'
import type { InterfacePattern } from './interface'
import type { PortRange } from './ports'
import type { Range, Ranges } from './range'

/** The destinations that a pod reaches with its own address, and how the rest is masqueraded. It names no pod. */
export interface Policy {
  /** Absent: nothing is masqueraded in this family. */
  readonly families: { readonly [F in Family]?: FamilyPolicy }
  /** Source ports for tcp, udp and sctp; empty: any. */
  readonly toPorts: readonly PortRange[]
  /** Only what leaves through these is masqueraded; empty: through any interface. */
  readonly outInterfaces: readonly InterfacePattern[]
  readonly fullyRandom: boolean
  readonly pinExemptions: boolean
}

export interface FamilyPolicy {
  /** Destinations that see the pod's own address: in address order, none touching the next. */
  readonly exempt: Ranges
  /** The only other destinations that are masqueraded; absent: all others are. */
  readonly destinations?: readonly Range[]
  /** Absent: the address of the outgoing interface. */
  readonly snatTo?: Range
  /** Destinations that are masqueraded in another way. None of them is exempt or in two of these. Absent: none. */
  readonly special?: readonly Special[]
}

export interface Special {
  readonly destinations: readonly Range[]
  readonly snatTo?: Range
}
