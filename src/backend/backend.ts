import type { Attachment, AttachmentName } from '../cni/attachment'
import type { Address, Family } from '../policy/address'
import type { Policy } from '../policy/policy'
import type { Prefix } from '../policy/prefix'
import type { ToolResult } from '../system/tools'
import type { Inspection, InspectOnly } from './inspection'
import type { Listed, Origin } from './listed'

export type { Listed, ListedNote, Origin } from './listed'

/** The rules that one attachment should have in the kernel. */
export interface Wanted {
  readonly attachment: Attachment
  readonly addresses: readonly Address[]
  /** Sync only: all addresses of the cached result, when some of them are left to another attachment. Absent: `addresses`. */
  readonly ofResult?: readonly Address[]
  readonly policy: Policy
  /** The backend that the config requests, and so the place where the rules belong. */
  readonly backend: BackendSetting
  readonly carrier?: CarrierSetting | undefined
  /** The path of its network namespace as the runtime names it (CNI_NETNS); absent where nobody recorded it. */
  readonly netns?: string | undefined
  /** Absent: `added`. */
  readonly origin?: Origin
  /** The time of its ADD in seconds of the epoch, for people; absent: now. */
  readonly addedAt?: number
  /** The pod's own list of exempt prefixes, if its policy is made from that list instead of the configured one. */
  readonly podList?: readonly Prefix[] | undefined
  /** Sync only: the policy is the one of the ADD, because there is no better one. An existing rule is not changed to it. */
  readonly isFallback?: boolean
}

/** The backends that a config may request. `auto` is nftables where it works, else iptables. */
export const BACKEND_SETTINGS = ['auto', 'nftables', 'iptables'] as const
export type BackendSetting = (typeof BACKEND_SETTINGS)[number]

/** How nftables' rules get to the kernel. `auto` is netlink where it is possible, else nft's own language. */
export const CARRIER_SETTINGS = ['auto', 'netlink', 'nft'] as const
export type CarrierSetting = (typeof CARRIER_SETTINGS)[number]

export interface Clock {
  /** A time for people only, because it may jump. */
  epochSeconds(): number
  /** Seconds since the machine was booted, suspension included (CLOCK_BOOTTIME): rules do not outlive a boot. */
  bootSeconds(): number
}

export type Tools = (tool: string, args: readonly string[], input: string) => ToolResult

/** Starts tools and finds out what the machine has. An ADD or a DEL that finds everything in order needs none of it. */
export type Machine = () => Promise<{ readonly run: Tools; readonly host: Host }>

/** The questions that a backend may ask the machine, apart from running its tool. */
export interface Host extends Clock {
  findTool(name: string): { readonly file: string } | { readonly tried: readonly string[] }
  /** The file that a tool's path leads to; links are followed. */
  realPath(file: string): string
  /** The tables that iptables-legacy has in this network namespace. Listing a table that does not exist would create it. */
  legacyTables(family: Family): readonly string[]
  /** Whether nf_tables has a table of that name, found without a process; true where the kernel does not answer. */
  mayHaveTable(family: Family | 'inet', name: string): boolean
  /** Whether the kernel has nf_tables; true where nobody can tell without a process. */
  mayHaveNfTables(): boolean
  /** The release of the kernel, as `uname -r` prints it; empty where /proc does not show it. */
  kernelRelease(): string
  /** The bits of CapEff; undefined where /proc does not show them. */
  effectiveCapabilities(): bigint | undefined
  /**
   * Waits, for a limited time, until no other call of ours changes iptables' rules in this network namespace. Returns a
   * function that ends our turn. Absent where calls need not wait for each other.
   */
  takeTurn?(): () => void
}

export interface Applied {
  /** The table was missing: everybody else's rules are gone too, and nobody else has noticed. */
  readonly tableWasMissing: boolean
  /** Things that were in the way and were replaced, one line each. */
  readonly warnings?: readonly string[]
}

/** The change that `replace` made, or would make, for one attachment. */
export interface Change {
  readonly attachment: Attachment
  readonly what: 'restored' | 'changed'
  readonly addresses: readonly Address[]
}

/** An address that was left alone, and its holder. */
export interface Held {
  readonly attachment: Attachment
  readonly address: Address
  readonly holder: string
}

/** The holder that is reported for an address that no attachment holds: only an outdated cache entry names the address. */
export const LATER_ADD = 'a later ADD of the same attachment'

export interface Replacement {
  readonly changes: readonly Change[]
  /** Addresses left alone because another attachment holds them in the kernel. */
  readonly held: readonly Held[]
  /** Other repairs (base chain, policies), one line each. */
  readonly repairs: readonly string[]
  /** Problems that we cannot repair, one line each. */
  readonly unrepaired: readonly string[]
  /** Places that could not be looked at and may have rules of these attachments too, one line each. */
  readonly unseen?: readonly string[]
  /** Attachments that were left out because their DEL has just come (`Backend.gone`). */
  readonly gone?: readonly Attachment[]
  /** The text that is sent to the tool; empty when there is nothing to do. */
  readonly script: string
}

export interface Pruned {
  readonly removed: readonly Listed[]
  readonly policies: readonly string[]
  /** Things that could not be removed, and why, one line each. */
  readonly failures: readonly string[]
}

/** A config's requests, as far as they can be read. They only decide where to look first, and through which carrier. */
export interface Where {
  readonly backend: BackendSetting
  readonly carrier: CarrierSetting
  /** Nobody knows what the config requests. */
  readonly isGuess?: boolean
}

/** How to list several backends together. */
export interface ListOptions {
  /** Leaves out a backend that, according to another one, has no rules. Making sure would take several processes. */
  readonly isQuick?: boolean
  /** Leaves out a backend that refuses to list them, if another one answers. */
  readonly mayLackRefused?: boolean
}

/** The result of a DEL in one backend. */
export type Removal =
  | { readonly outcome: 'removed' }
  /** The backend has nothing of the attachment. `mayBeElsewhere`: nothing shows that other backends have no rules either. */
  | { readonly outcome: 'absent'; readonly mayBeElsewhere: boolean }
  /** The backend cannot be used here, so nobody can tell. */
  | { readonly outcome: 'unusable'; readonly said: string }
  /** We do not know whether something is left (deadline, lock, refusal to look). That is no reason to fail a DEL. */
  | { readonly outcome: 'unknown'; readonly said: string; readonly mayBeElsewhere: boolean }

/**
 * What a firewall can do for us. Each verb states a wanted state and may be repeated; none reads the config. Verbs reject
 * with CniError, and with `UnusableError` where the machine lacks what the backend needs.
 */
export interface Backend {
  /**
   * ADD: installs the rules of all addresses, or changes none. An address that another attachment holds is taken over if
   * that attachment is of the same network, or if `isGone` proves that it is gone; else the ADD is refused (code 11).
   */
  apply(wanted: Wanted, isGone?: (holder: Listed) => Promise<boolean>): Promise<Applied>
  /**
   * DEL: removes everything of the attachment. `hint` holds the addresses that it probably has; the hint may be empty or
   * wrong. Rejects only when rules of the attachment were seen and could not be removed.
   */
  remove(attachment: AttachmentName, hint: readonly Address[], where?: Where): Promise<Removal>
  /**
   * CHECK: returns how the kernel differs from what is wanted, one line each, and changes nothing. `warn` gets what is
   * strange but no difference.
   */
  verify(wanted: Wanted, warn?: (line: string) => void): Promise<readonly string[]>
  /**
   * Sync: installs the rules of all these attachments and touches nothing else. It takes no address from another
   * attachment, and leaves out attachments whose DEL has just come (`gone`).
   */
  replace(wanted: readonly Wanted[], options: { readonly dryRun: boolean }): Promise<Replacement>
  /** GC: removes the attachments that `isStale` selects, then policies without pods. It carries on after a failure. */
  prune(isStale: (listed: Listed) => boolean, options: { readonly dryRun: boolean }): Promise<Pruned>
  /** The attachments that have rules. */
  list(options?: ListOptions): Promise<readonly Listed[]>
  /** Returns what is in the kernel, down to each rule, for commands that show it. Rejects where we may not look. */
  inspect(only?: InspectOnly): Promise<Inspection>
  /** `attachmentId`s whose DEL came within the last two minutes: their rules must not come back. */
  gone(): Promise<ReadonlySet<string>>
  /** Whether there may be rules of ours, hooked or not. It takes a cheap look. */
  hasRules(): Promise<boolean>
  /** Uninstall: removes everything of ours, the shared tables and chains too. That cuts open flows that are masqueraded. */
  tearDown(): Promise<void>
  /** STATUS: what an ADD would need and is missing, if anything. It starts no process unless it has to. */
  probe(carrier?: CarrierSetting): Promise<readonly string[]>
  /**
   * The names of its tables (only those in `among`, if given) that exist and are hooked. The look costs next to nothing,
   * however many pods there are.
   */
  hookedTables(among?: readonly string[]): Promise<readonly string[]>
}
