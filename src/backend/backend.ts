import type { Attachment, AttachmentName } from '../cni/attachment'
import type { Address, Family } from '../policy/address'
import type { Policy } from '../policy/policy'
import type { Prefix } from '../policy/prefix'
import type { ToolResult } from '../system/tools'
import type { Inspection, InspectOnly } from './inspection'
import type { Listed, Origin } from './listed'

export type { Listed, ListedNote, Origin } from './listed'

/** One attachment's rules as they should stand in the kernel. */
export interface Wanted {
  readonly attachment: Attachment
  readonly addresses: readonly Address[]
  /** Sync only: all addresses of the cached result, where some are left to another attachment. Absent: `addresses`. */
  readonly ofResult?: readonly Address[]
  readonly policy: Policy
  /** The backend that the config asks for, and so where the rules belong. */
  readonly backend: BackendSetting
  readonly carrier?: CarrierSetting
  /** The path of its network namespace as the runtime names it (CNI_NETNS); absent where nobody recorded it. */
  readonly netns?: string
  /** Absent: `added`. */
  readonly origin?: Origin
  /** When its ADD was, in seconds of the epoch, for people; absent: now. */
  readonly addedAt?: number
  /** The pod's own list of exempt prefixes, where its policy is made of that instead of the configured list. */
  readonly podList?: readonly Prefix[]
  /** Sync only: the policy is that of the ADD, for want of a better; a rule that stands is not changed to it. */
  readonly isFallback?: boolean
}

/** What a config may ask for. `auto`: nftables where it works, else iptables. */
export const BACKEND_SETTINGS = ['auto', 'nftables', 'iptables'] as const
export type BackendSetting = (typeof BACKEND_SETTINGS)[number]

/** How nftables' rules get to the kernel. `auto`: by netlink where that can be, else by nft's own language. */
export const CARRIER_SETTINGS = ['auto', 'netlink', 'nft'] as const
export type CarrierSetting = (typeof CARRIER_SETTINGS)[number]

export interface Clock {
  /** A time for people only, because it may jump. */
  epochSeconds(): number
  /** Seconds since the machine was booted, suspension included (CLOCK_BOOTTIME): rules do not outlive a boot. */
  bootSeconds(): number
}

export type Tools = (tool: string, args: readonly string[], input: string) => ToolResult

/** What starts tools, and finds out what the machine has; an ADD or a DEL that finds all as it should be needs none of it. */
export type Machine = () => Promise<{ readonly run: Tools; readonly host: Host }>

/** What a backend may ask of the machine, besides running its tool. */
export interface Host extends Clock {
  findTool(name: string): { readonly file: string } | { readonly tried: readonly string[] }
  /** Where a tool's file really is: links are followed. */
  realPath(file: string): string
  /** The tables of iptables-legacy in this network namespace, which to look into another would make. */
  legacyTables(family: Family): readonly string[]
  /** Whether nf_tables has a table of that name, without a process; true where the kernel does not say. */
  mayHaveTable(family: Family | 'inet', name: string): boolean
  /** The bits of CapEff; undefined where /proc does not tell. */
  effectiveCapabilities(): bigint | undefined
  /**
   * Waits until no other call of ours changes iptables' rules in this network namespace, for some time; returns what ends
   * our turn. Absent where calls need not wait for each other.
   */
  takeTurn?(): () => void
}

export interface Applied {
  /** Everybody else's rules are gone too, and nobody but us has noticed. */
  readonly tableWasMissing: boolean
  /** What was found in the way and replaced, a line each. */
  readonly warnings?: readonly string[]
}

/** What `replace` did, or would do, for one attachment. */
export interface Change {
  readonly attachment: Attachment
  readonly what: 'restored' | 'changed'
  readonly addresses: readonly Address[]
}

/** An address that was left alone, and who holds it. */
export interface Held {
  readonly attachment: Attachment
  readonly address: Address
  readonly holder: string
}

/** The holder of an address that nobody holds: only an outdated cache entry names it. */
export const LATER_ADD = 'a later ADD of the same attachment'

export interface Replacement {
  readonly changes: readonly Change[]
  /** Addresses left alone because another attachment holds them in the kernel. */
  readonly held: readonly Held[]
  /** Base chain, policies: what was repaired besides, a line each. */
  readonly repairs: readonly string[]
  /** What is wrong and cannot be put right by us, a line each. */
  readonly unrepaired: readonly string[]
  /** Where rules of these may stand too, and could not be seen, a line each. */
  readonly unseen?: readonly string[]
  /** Left out because their DEL has just come (`Backend.gone`). */
  readonly gone?: readonly Attachment[]
  /** What is sent to the tool; empty when there is nothing to do. */
  readonly script: string
}

export interface Pruned {
  readonly removed: readonly Listed[]
  readonly policies: readonly string[]
  /** What could not be removed, and why, a line each. */
  readonly failures: readonly string[]
}

/** What a config asks for, as far as it can be read: it only says where to look first, and by which way. */
export interface Where {
  readonly backend: BackendSetting
  readonly carrier: CarrierSetting
  /** Nobody knows what the config asks for. */
  readonly isGuess?: boolean
}

/** How to list several backends together. */
export interface ListOptions {
  /** Leave out a backend that has none as far as another one says. To be sure takes several processes. */
  readonly isQuick?: boolean
  /** Leave out a backend that refuses to list them, where another one answers. */
  readonly mayLackRefused?: boolean
}

/** What became of a DEL in one backend. */
export type Removal =
  | { readonly outcome: 'removed' }
  /** Nothing of the attachment's is here; `mayBeElsewhere`: nor does anything say that others have no rules. */
  | { readonly outcome: 'absent'; readonly mayBeElsewhere: boolean }
  /** The backend cannot be used here, so that nobody can tell. */
  | { readonly outcome: 'unusable'; readonly said: string }
  /** It is not known whether something is left (deadline, lock, refusal to look): no reason to fail a DEL. */
  | { readonly outcome: 'unknown'; readonly said: string; readonly mayBeElsewhere: boolean }

/**
 * What a firewall can do for us. Each verb states a wanted state and may be repeated; none reads the config.
 * They reject with CniError: `UnusableError` where the machine has not what the backend needs.
 */
export interface Backend {
  /**
   * ADD: the rules of all addresses stand, or none was changed. An address that another attachment holds is taken over
   * if that one is of the same network, or if `isGone` proves that it is gone; else the ADD is refused (code 11).
   */
  apply(wanted: Wanted, isGone?: (holder: Listed) => Promise<boolean>): Promise<Applied>
  /**
   * DEL: nothing of the attachment's is left. `hint` holds the addresses it is thought to have; it may be empty or
   * wrong. Rejects only when rules of the attachment were seen and could not be removed.
   */
  remove(attachment: AttachmentName, hint: readonly Address[], where?: Where): Promise<Removal>
  /** CHECK: how the kernel differs from what is wanted, a line each; changes nothing. `warn`: what is no difference. */
  verify(wanted: Wanted, warn?: (line: string) => void): Promise<readonly string[]>
  /**
   * Sync: the rules of all of these stand, and nothing else was touched; takes no address over. Attachments whose DEL has just
   * come (`gone`) are left out.
   */
  replace(wanted: readonly Wanted[], options: { readonly dryRun: boolean }): Promise<Replacement>
  /** GC: removes the attachments that `isStale` names, then policies without pods. Carries on past failures. */
  prune(isStale: (listed: Listed) => boolean, options: { readonly dryRun: boolean }): Promise<Pruned>
  /** The attachments that have rules. */
  list(options?: ListOptions): Promise<readonly Listed[]>
  /** What is there, down to each rule, for commands that show it. Rejects where it may not be looked at. */
  inspect(only?: InspectOnly): Promise<Inspection>
  /** `attachmentId`s whose DEL came within the last two minutes: their rules must not come back. */
  gone(): Promise<ReadonlySet<string>>
  /** Whether something of ours may stand, hooked or not, by a cheap look. */
  hasRules(): Promise<boolean>
  /** Uninstall: all of ours goes, the skeleton too. That cuts the masqueraded flows that are open. */
  tearDown(): Promise<void>
  /** STATUS: what is missing for an ADD to work, if anything; starts no process unless it has to. */
  probe(carrier?: CarrierSetting): Promise<readonly string[]>
  /**
   * The names of its tables that exist and are hooked, or of those among `among`. The look costs next to nothing,
   * whatever the number of pods.
   */
  hookedTables(among?: readonly string[]): Promise<readonly string[]>
}
