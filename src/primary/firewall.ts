import type { Address } from '../policy/address'
import type { Named } from './names'

/** A rule with which a reference plugin masquerades one address of one attachment. */
export interface PrimaryRule {
  /** The name for people, which also identifies the firewall: `iptables-nft`, `nftables`. */
  readonly firewall: string
  /** Undefined for a chain to which no rule jumps any more. */
  readonly address: Address | undefined
  /** The name that the plugin derived from the attachment (`names.ts`). */
  readonly key: string
  /** The name that it derived from the network. */
  readonly networkKey: string
  /** The container's ID for people, from the comment; it may be cut there. */
  readonly containerID: string
  /** The rule as its tool prints it, which also identifies the rule. */
  readonly text: string
}

export interface Found {
  readonly rules: readonly PrimaryRule[]
  /** Why it could not be looked at, one line each. */
  readonly problems: readonly string[]
}

export interface Removed {
  readonly removed: readonly PrimaryRule[]
  readonly failures: readonly string[]
}

/** One place in which the reference plugins may have put rules. */
export interface PrimaryFirewall {
  readonly name: string
  keyOf(attachment: Named): string
  networkKeyOf(network: string): string
  /** `isThorough` also finds chains to which no rule jumps any more; iptables has to list its whole table for that. */
  list(options: { readonly isThorough: boolean }): Found
  /**
   * Removes these rules. A rule that has changed since it was listed stays as it is. `isGone`: no more DEL will come for
   * the container, so the chain with that name may be deleted too.
   */
  remove(rules: readonly PrimaryRule[], isGone: (key: string) => boolean): Promise<Removed>
}
