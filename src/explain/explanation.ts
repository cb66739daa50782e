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

/** The answer to one question: what happens to packets from one address to these destinations. */
export interface Explanation {
  /** Absent offline, where a pod has no address yet. */
  readonly source?: Address
  readonly destination: Range
  /** What was typed, where it is another text: `shop/web-1`, `example.com`. */
  readonly sourceText?: string
  readonly destinationText?: string
  readonly pod?: PodNames
  /** Where the source's rules are, and their policy; empty: there are none. */
  readonly rules: readonly { readonly place: PlaceName; readonly policy?: string }[]
  /** In address order; together they are the destination. */
  readonly parts: readonly Part[]
  /** What else there is to know, a line each. */
  readonly notes: readonly string[]
  /** What makes the answer less than certain, or the node other than it should be, a line each. */
  readonly problems: readonly string[]
}

export interface PodNames {
  readonly pod: string
  readonly network: string
  readonly containerID: string
  readonly ifname: string
}

/** A part of the destination with one answer, as far as rules and config go. */
export interface Decided {
  readonly destination: Range
  /** What ip-masq does: by the rules in the kernel, or offline by the config. Absent: not known. */
  readonly verdict?: Verdict
  /** What the rules in each place do, in the order of `rules`; undefined where that is not known. */
  readonly own: readonly (Verdict | undefined)[]
  readonly because?: Because
  /** What the conflist asks for, where the kernel has something else. */
  readonly wanted?: Verdict
  readonly conditions: Conditions
}

export interface Part extends Decided {
  /** Absent offline. */
  readonly route?: Route
  /** Through which interface the packets come in. */
  readonly through?: string
  /** The source that a peer sees, others' source NAT included. Absent: it cannot be told. */
  readonly seen?: readonly Address[]
  /** Others' source NAT that these packets may meet, in order; which of it decides, if any. */
  readonly others: readonly SourceNat[]
  readonly decidedBy?: SourceNat
  /** Rules and policies that may stop these packets or keep them from being tracked, in order. */
  readonly filters: readonly Filter[]
  /** Established flows that keep another source. */
  readonly olderFlows: readonly Flow[]
}

/** Which line decides. */
export interface Because {
  readonly kind: CauseKind
  readonly text: string
  readonly prefix: Prefix
  /** `policies[1]`, where several Windows policies act. */
  readonly policy?: string
  readonly place?: FilePlace
  /** Which key gives the source address. */
  readonly source?: { readonly key: string; readonly place?: FilePlace }
}

/** What a masqueraded packet has to do besides. */
export interface Conditions {
  readonly outInterfaces: readonly InterfacePattern[]
  readonly toPorts: readonly PortRange[]
}
