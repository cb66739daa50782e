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
  /** The families that its packets may have. */
  readonly families: readonly Family[]
  /** Chains with lower numbers come first. Ours in nftables has 99, and every kind of iptables has 100. */
  readonly priority: number
  /** The chains by name. A chain that is missing could not be read. */
  readonly chains: ReadonlyMap<string, readonly ForeignRule[]>
}

export function hasRules({ chain, chains }: ForeignHook): boolean {
  return (chains.get(chain) ?? []).length > 0
}

export interface ForeignRule {
  /** All of them have to hold. */
  readonly conditions: readonly Condition[]
  readonly verdict: Verdict
  /** The rule as its tool prints it. */
  readonly text: string
}

export type Condition =
  | { readonly on: 'source' | 'destination'; readonly ranges: readonly Range[]; readonly isNot: boolean }
  | { readonly on: 'in' | 'out'; readonly names: readonly InterfacePattern[]; readonly isNot: boolean }
  | { readonly on: 'mark'; readonly value: number; readonly mask: number; readonly isNot: boolean }
  | { readonly on: 'family'; readonly family: Family }
  /** Packets of pods are forwarded, so their destination is no address of the node. */
  | { readonly on: 'local destination'; readonly isNot: boolean }
  /** The state that connection tracking gives the packet, in nft's words: `new`, `established`, `untracked`. */
  | { readonly on: 'state'; readonly states: readonly string[]; readonly isNot: boolean }
  /** A condition in the tool's words. Nobody knows whether it holds. */
  | { readonly on: 'other'; readonly text: string }

export type Verdict =
  | { readonly do: 'masquerade' }
  | { readonly do: 'snat'; readonly to: string }
  | { readonly do: 'jump' | 'goto'; readonly chain: string }
  /** Leads to our own rules, in iptables' POSTROUTING. */
  | { readonly do: 'ours' }
  /** `accept` ends this base chain and no other. `drop` ends the packet. */
  | { readonly do: 'return' | 'accept' | 'drop' }
  /** A program decides. If it accepts the packet, this base chain is over. */
  | { readonly do: 'queue' }
  /** The packet is not tracked, so no chain for NAT sees it. The next rule is looked at too. */
  | { readonly do: 'notrack' }
  /** The rule counts, marks or logs. The next rule is looked at too. */
  | { readonly do: 'nothing' }

/** A base chain that may stop packets, or keep them from being tracked. */
export interface FilterHook extends ForeignHook {
  readonly hook: FilterHookName
  /** What happens to packets that come to its end. */
  readonly policy: 'accept' | 'drop'
}

/** The hooks that a packet of a pod comes to when the node forwards it, in their order. */
export const FILTER_HOOKS = ['prerouting', 'forward', 'postrouting'] as const

export type FilterHookName = (typeof FILTER_HOOKS)[number]

export function isFilterHook(hook: string): hook is FilterHookName {
  return FILTER_HOOKS.some((one) => one === hook)
}

/** The filters on this node. */
export interface ForeignFilters {
  readonly hooks: readonly FilterHook[]
  /** Things that could not be looked at, and why, one line each. */
  readonly unseen: readonly string[]
}

/** The source NAT of others on this node. */
export interface Foreign {
  readonly hooks: readonly ForeignHook[]
  /** Things that could not be looked at, and why, one line each. */
  readonly unseen: readonly string[]
}
