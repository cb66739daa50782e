import type { Address, Family } from '../policy/address'
import type { Policy } from '../policy/policy'
import type { Listed } from './listed'

/** What the kernel has of ours, as values: for commands that show it to an operator. Nothing is changed. */
export interface Inspection {
  /** The places that were looked at. One that this machine cannot have is left out. */
  readonly places: readonly LivePlace[]
  readonly attachments: readonly LiveAttachment[]
  /** Addresses that have a rule and no owner, so that nobody's DEL removes it. */
  readonly strays: readonly LiveStray[]
  readonly policies: readonly LivePolicy[]
  /** What could not be looked at, and why, a line each: there may be more than is listed. */
  readonly unseen: readonly string[]
}

/**
 * What is asked for, where that is not everything: then nftables does not read all pods' elements. Other places return all that they
 * have. A note has room for a part of a long name, so an attachment may be of another pod whose name begins the same.
 */
export type InspectOnly = { readonly address: Address } | { readonly pod: string }

/**
 * The places that rules can be in, as messages name them. iptables has two kinds: rules in the kernel's nf_tables, or in its
 * older tables (legacy). `iptables` is the kind that a host has alone, under the plain name, or both kinds together.
 */
export type PlaceName = 'nftables' | 'iptables' | 'iptables-nft' | 'iptables-legacy'

export interface LivePlace {
  readonly name: PlaceName
  /** Whether the chain that looks up a packet's source is there, or anything else that pods share. */
  readonly isSetUp: boolean
  /** How what all pods share (the hook, the maps) differs from what we would set up, a line each. */
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
  /** `LivePolicy.name`, of this place and family; absent where no rule of ours leads to a policy. */
  readonly policy?: string
  /** What is there that we could not have written, a line each. */
  readonly foreign: readonly string[]
}

/** Place, family and name tell policies apart. */
export interface LivePolicy {
  /** The name of its chain. iptables has a chain in each family, and so a name in each, which may be the same. */
  readonly name: string
  readonly place: PlaceName
  /** The families that the chain is for: both in nftables, one in iptables. */
  readonly families: readonly Family[]
  /**
   * What the rules do, read back from the kernel, with no more than the kernel knows: interfaces are in the order of their
   * names, and a family that is not masqueraded says nothing. In iptables a destination that returns is exempt, unless the
   * chain returns all that no rule names; then those that do not return are `destinations`. Absent where the rules were
   * altered so that no policy of ours does it.
   */
  readonly policy?: Policy
  /** Whether the name is the digest of what the chain does. False: the rules were altered, or another release wrote them. */
  readonly isAsNamed: boolean
  /** What differs from any policy of ours, a line each. */
  readonly foreign: readonly string[]
}
