import type { CniError } from '../../cni/error'
import type { Policy } from '../../policy/policy'
import type { Backend } from '../backend'
import type { PlaceName } from '../inspection'

/** A place that rules can be in. The kernel obeys the rules of all places, so an attachment should have rules in only one. */
export interface Place extends Backend {
  readonly name: PlaceName
}

/** The places of this machine. The kinds of iptables are one place here; `iptables.ts` says why. */
export interface Places {
  readonly nftables: Place
  readonly iptables: Place
  /** Leaves the mark that iptables may have rules in nft's table, if there is one. */
  readonly mark: () => Promise<void>
  /**
   * Whether iptables may have rules or tombstones, according to nft's table. Asking iptables itself takes several
   * processes.
   */
  readonly mayBeInIptables: () => Promise<boolean>
  /** Why nftables would refuse the rules of these policies, tried without a change; undefined where it would not. */
  readonly nftablesRefuses: (policies: readonly Policy[]) => Promise<CniError | undefined>
}
