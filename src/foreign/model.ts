import type { Family } from '../policy/address'
import type { InterfacePattern } from '../policy/interface'
import type { Range } from '../policy/range'

/** A base chain for source NAT that is not ours, and the chains that it leads to. */
export interface ForeignHook {
  /** `nftables`, or the kind of iptables, as in `PlaceName`: `iptables-nft`, `iptables-legacy`, `iptables`. */
  readonly place: string
  /** `ip flannel-ipv4`, `ip nat` */
  readonly table: string
  readonly chain: string
  /** What its packets may be of. */
  readonly families: readonly Family[]
  /** Chains with lower numbers come first; ours in nftables has 99, and every kind of iptables 100. */
  readonly priority: number
  /** By name; one that is missing could not be read. */
  readonly chains: ReadonlyMap<string, readonly ForeignRule[]>
}

export function hasRules({ chain, chains }: ForeignHook): boolean {
  return (chains.get(chain) ?? []).length > 0
}

export interface ForeignRule {
  /** All of them have to hold. */
  readonly conditions: readonly Condition[]
  readonly verdict: Verdict
  /** As its tool prints it. */
  readonly text: string
}

export type Condition =
  | { readonly on: 'source' | 'destination'; readonly ranges: readonly Range[]; readonly isNot: boolean }
  | { readonly on: 'in' | 'out'; readonly names: readonly InterfacePattern[]; readonly isNot: boolean }
  | { readonly on: 'mark'; readonly value: number; readonly mask: number; readonly isNot: boolean }
  | { readonly on: 'family'; readonly family: Family }
  /** A forwarded packet, as all of pods' are, is not for an address of the node. */
  | { readonly on: 'local destination'; readonly isNot: boolean }
  /** The state that connection tracking gives the packet, in nft's words: `new`, `established`, `untracked`. */
  | { readonly on: 'state'; readonly states: readonly string[]; readonly isNot: boolean }
  /** In the tool's words: whether it holds is not known. */
  | { readonly on: 'other'; readonly text: string }

export type Verdict =
  | { readonly do: 'masquerade' }
  | { readonly do: 'snat'; readonly to: string }
  | { readonly do: 'jump' | 'goto'; readonly chain: string }
  /** Leads to our own rules, in iptables' POSTROUTING. */
  | { readonly do: 'ours' }
  /** The last two end this base chain, and no other. */
  | { readonly do: 'return' | 'accept' | 'drop' }
  /** The packet is not tracked, so no chain for NAT sees it. The next rule is looked at. */
  | { readonly do: 'notrack' }
  /** Counts, marks, logs: the next rule is looked at. */
  | { readonly do: 'nothing' }

/** A base chain that may stop packets, or keep them from being tracked. */
export interface FilterHook extends ForeignHook {
  readonly hook: FilterHookName
  /** What happens to packets at its end. */
  readonly policy: 'accept' | 'drop'
}

/** The hooks that a packet of a pod comes to before its source is translated. */
export type FilterHookName = 'prerouting' | 'forward'

/** The filters on this node. */
export interface ForeignFilters {
  readonly hooks: readonly FilterHook[]
  /** What could not be looked at, and why, a line each. */
  readonly unseen: readonly string[]
}

/** The source NAT of others on this node. */
export interface Foreign {
  readonly hooks: readonly ForeignHook[]
  /** What could not be looked at, and why, a line each. */
  readonly unseen: readonly string[]
}
