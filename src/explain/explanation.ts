import type { PlaceName } from '../backend/inspection'
import type { FilePlace } from '../config/places'
import type { CauseKind } from '../config/reason'
import type { Filter } from '../foreign/filters'
import type { SourceNat } from '../foreign/source-nat'
import type { Address } from '../policy/address'
import type { InterfacePattern } from '../policy/interface'
import type { PortRange } from '../policy/ports'
import type { Prefix } from '../policy/prefix'
import type { Range } from '../policy/range'
import type { Flow } from './conntrack'
import type { Verdict } from './live-verdict'
import type { Route } from './routes/routes'

/** The answer to one question: what happens to packets from one address to these destinations? */
export interface Explanation {
  /** Absent offline, because a pod has no address yet. */
  readonly source?: Address
  readonly destination: Range
  /** The text that was typed, if it is not the address itself: `shop/web-1`, `example.com`. */
  readonly sourceText?: string
  readonly destinationText?: string
  readonly pod?: PodNames
  /** The places of the source's rules, and their policies. Empty if there are no rules. */
  readonly rules: readonly { readonly place: PlaceName; readonly policy?: string }[]
  /** The parts in address order. Together they are the destination. */
  readonly parts: readonly Part[]
  /** Further remarks, one line each. */
  readonly notes: readonly string[]
  /** Reasons why the answer is not certain, or why the node is not as it should be, one line each. */
  readonly problems: readonly string[]
}

export interface PodNames {
  readonly pod: string
  readonly network: string
  readonly containerID: string
  readonly ifname: string
}

/** A part of the destination for which rules and config give one answer. */
export interface Decided {
  readonly destination: Range
  /** What ip-masq does, according to the rules in the kernel, or offline to the config. Absent if it is not known. */
  readonly verdict?: Verdict
  /** What the rules in each place do, in the order of `rules`; undefined if it is not known. */
  readonly own: readonly (Verdict | undefined)[]
  readonly because?: Because
  /** What the conflist asks for, if the kernel has something else. */
  readonly wanted?: Verdict
  readonly conditions: Conditions
}

export interface Part extends Decided {
  /** Absent offline. */
  readonly route?: Route
  /** The interface through which the packets come in. */
  readonly through?: string
  /** The source that a peer sees, after source NAT of others too. Absent if it is not known. */
  readonly seen?: readonly Address[]
  /** Source NAT of others that these packets may meet, in order, and the one that decides, if any does. */
  readonly others: readonly SourceNat[]
  readonly decidedBy?: SourceNat
  /** Rules and policies that may stop these packets or keep them from being tracked, in order. */
  readonly filters: readonly Filter[]
  /** Established flows that keep another source. */
  readonly olderFlows: readonly Flow[]
}

/** The line that decides. */
export interface Because {
  readonly kind: CauseKind
  readonly text: string
  readonly prefix: Prefix
  /** As in `policies[1]`, if several Windows policies act. */
  readonly policy?: string
  readonly place?: FilePlace
  /** The key that gives the source address. */
  readonly source?: { readonly key: string; readonly place?: FilePlace }
}

/** Further conditions on a packet that is masqueraded. */
export interface Conditions {
  readonly outInterfaces: readonly InterfacePattern[]
  readonly toPorts: readonly PortRange[]
}
