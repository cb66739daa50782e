import type { Backend } from '../backend'
import type { PlaceName } from '../inspection'

/** The kernel obeys the rules of all places, so an attachment is to have its rules in one of them. */
export interface Place extends Backend {
  readonly name: PlaceName
}

/** The places of this machine. Those of iptables are one here; `iptables.ts` says why. */
export interface Places {
  readonly nftables: Place
  readonly iptables: Place
  /** Leaves word in nft's table, if there is one, that iptables may have rules. */
  readonly mark: () => Promise<void>
  /** Whether iptables may have rules or tombstones, by nft's table. To ask iptables itself takes several processes. */
  readonly mayBeInIptables: () => Promise<boolean>
}
