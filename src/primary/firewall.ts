import type { Address } from '../policy/address'
import type { Named } from './names'

/** A rule with which a reference plugin masquerades one address of one attachment. */
export interface PrimaryRule {
  /** The name for people, by which the firewall is found again too: `iptables-nft`, `nftables`. */
  readonly firewall: string
  /** Undefined: a chain to which no rule jumps any more. */
  readonly address: Address | undefined
  /** What the plugin derived from the attachment (`names.ts`). */
  readonly key: string
  /** What it derived from the network. */
  readonly networkKey: string
  /** The ID for people, from the comment, in which it may be cut. */
  readonly containerID: string
  /** The rule as its tool prints it, by which it is found again. */
  readonly text: string
}

export interface Found {
  readonly rules: readonly PrimaryRule[]
  /** Why it could not be looked at, a line each. */
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
  /** `isThorough`: also chains to which no rule jumps any more; iptables has to list its whole table for that. */
  list(options: { readonly isThorough: boolean }): Found
  /**
   * Removes these rules. What has changed since they were listed stays as it is. `isGone`: the container will have no
   * more DEL, so that the chain named so can go too.
   */
  remove(rules: readonly PrimaryRule[], isGone: (key: string) => boolean): Promise<Removed>
}
