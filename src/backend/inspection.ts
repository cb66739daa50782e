import type { Address, Family } from '../policy/address'
import type { Policy } from '../policy/policy'
import type { Listed } from './listed'

/** Everything of ours in the kernel, as values: for commands that show it to an operator. Nothing is changed. */
export interface Inspection {
  /** The places that were looked at. A place that this machine cannot have is left out. */
  readonly places: readonly LivePlace[]
  readonly attachments: readonly LiveAttachment[]
  /** Addresses that have a rule but no owner, so that no DEL removes them. */
  readonly strays: readonly LiveStray[]
  readonly policies: readonly LivePolicy[]
  /** Things that could not be looked at, and why, one line each. They may hold more rules than are listed. */
  readonly unseen: readonly string[]
}

/**
 * Limits an inspection to one address or one pod. Then nftables does not read all pods' elements; other places return all
 * that they have. A note has room for only a part of a long name, so a returned attachment may be of another pod whose
 * name begins the same.
 */
export type InspectOnly = { readonly address: Address } | { readonly pod: string }

/**
 * The places that rules can be in, as messages name them. iptables has two kinds: rules in the kernel's nf_tables, or in
 * its older tables (legacy). `iptables` is the only kind of a host, under its plain name, or both kinds together.
 */
export type PlaceName = 'nftables' | 'iptables' | 'iptables-nft' | 'iptables-legacy'

export interface LivePlace {
  readonly name: PlaceName
  /** Whether the chain that looks up a packet's source exists, or anything else that pods share. */
  readonly isSetUp: boolean
  /** How what all pods share (the hook, the maps) differs from what we would set up, one line each. */
  readonly differences: readonly string[]
}

export interface LiveAttachment extends Listed {
  readonly place: PlaceName
  /** One for each of its addresses. */
  readonly rules: readonly LiveRule[]
}

export interface LiveStray extends LiveRule {
  readonly place: PlaceName
}

export interface LiveRule {
  readonly address: Address
  /** `LivePolicy.name` in this place and family; absent where no rule of ours leads to a policy. */
  readonly policy?: string | undefined
  /** Things that are there and cannot be ours, one line each. */
  readonly foreign: readonly string[]
}

/** A policy in the kernel. Place, family and name together identify it. */
export interface LivePolicy {
  /** The name of its chain. iptables has a chain in each family, and so a name in each; the two may be equal. */
  readonly name: string
  readonly place: PlaceName
  /** The families that the chain serves: both in nftables, one in iptables. */
  readonly families: readonly Family[]
  /**
   * What the rules do, read back from the kernel. It has no more than the kernel knows: interfaces are in the order of
   * their names, and nothing is known about a family that is not masqueraded. In iptables a destination whose rule
   * returns is exempt, unless the chain returns everything that no rule names; then the destinations that do not return
   * are `destinations`. Absent where the rules were altered so that no policy of ours matches them.
   */
  readonly policy?: Policy
  /** Whether the name is the digest of the chain's rules. False: the rules were altered, or another release wrote them. */
  readonly isAsNamed: boolean
  /** Differences from every policy of ours, one line each. */
  readonly foreign: readonly string[]
}
