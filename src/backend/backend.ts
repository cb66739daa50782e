import type { Attachment } from '../cni/attachment'
import type { Address } from '../policy/address'
import type { Policy } from '../policy/policy'

/** One attachment's rules as they should stand in the kernel. */
export interface Wanted {
  readonly attachment: Attachment
  readonly addresses: readonly Address[]
  readonly policy: Policy
  /** Sync only: the policy is that of the ADD, for want of a better; a rule that stands is not changed to it. */
  readonly isFallback?: boolean
}

/** What a backend may ask of the machine, besides running its tool. */
export interface Host {
  findTool(name: string): { readonly file: string } | { readonly tried: readonly string[] }
  /** The bits of CapEff; undefined where /proc does not tell. */
  effectiveCapabilities(): Promise<bigint | undefined>
  epochSeconds(): number
}

export interface Applied {
  /** Everybody else's rules are gone too, and nobody but us has noticed. */
  readonly tableWasMissing: boolean
}

/** An attachment as the kernel has it. The names are as its owner's comment has them, for people. */
export interface Listed {
  /** Equal for equal (containerID, ifname): `Backend.id`. */
  readonly id: string
  readonly addresses: readonly Address[]
  /** What the comment says; absent where somebody else wrote the element. */
  readonly note?: ListedNote
}

export interface ListedNote {
  readonly networkDigest: string
  readonly epochSeconds: number
  readonly network: string
  readonly containerID: string
  readonly ifname: string
  readonly pod: string
}

/** What `replace` did, or would do, for one attachment. */
export interface Change {
  readonly attachment: Attachment
  readonly what: 'restored' | 'changed'
  readonly addresses: readonly Address[]
}

export interface Replacement {
  readonly changes: readonly Change[]
  /** Addresses left alone because another attachment holds them in the kernel. */
  readonly held: readonly {
    readonly attachment: Attachment
    readonly address: Address
    readonly holder: string
  }[]
  /** Base chain, policies: what was repaired besides, a line each. */
  readonly repairs: readonly string[]
  /** What is wrong and cannot be put right by us, a line each. */
  readonly unrepaired: readonly string[]
  /** What is sent to the tool; empty when there is nothing to do. */
  readonly script: string
}

export interface Pruned {
  readonly removed: readonly Listed[]
  readonly policies: readonly string[]
  /** What could not be removed, and why, a line each. */
  readonly failures: readonly string[]
}

/**
 * What a firewall can do for us. Each verb states a wanted state and may be repeated; none reads the config.
 * They throw CniError; `remove` only when rules of the attachment were seen and could not be removed.
 */
export interface Backend {
  /** ADD: the rules of all addresses stand, or none was changed. */
  apply(wanted: Wanted): Applied
  /**
   * DEL: nothing of the attachment's is left. `hint` holds the addresses it is thought to have; it may be empty or
   * wrong. Returns why the outcome is not known, if it is not (tool missing, deadline): no reason to fail a DEL.
   */
  remove(attachment: Attachment, hint: readonly Address[]): string | undefined
  /** CHECK: how the kernel differs from what is wanted, a line each; changes nothing. */
  verify(wanted: Wanted): readonly string[]
  /** Sync: the rules of all of these stand, and nothing else was touched; takes no address over. */
  replace(wanted: readonly Wanted[], options: { readonly dryRun: boolean }): Replacement
  /** GC: removes the attachments that `isStale` names, then policies without pods. Carries on past failures. */
  prune(isStale: (listed: Listed) => boolean, options: { readonly dryRun: boolean }): Pruned
  /** STATUS: what is missing for an ADD to work, if anything; starts no process unless it has to. */
  probe(): Promise<readonly string[]>
  /** The rules of other attachments could not be seen (the table is gone), by a look that costs next to nothing. */
  isTableMissing(): boolean
  id(attachment: Pick<Attachment, 'containerID' | 'ifname'>): string
  networkDigest(network: string): string
}
