/** What a run consists of. Everything is data, so that a sequence can be printed, cut shorter and repeated. */

/** One interface of one container. */
export interface Pod {
  readonly containerID: string
  readonly ifname: string
}

export interface Ip {
  /** As nft prints it. */
  readonly address: string
  readonly length: number
}

/**
 * Where the addresses of a prevResult are said to be.
 *
 * sandbox  on the pod's interface
 * bare     nowhere: there is no list of interfaces
 * host     on the host's interface, so that all of them count
 * extra    on the pod's interface, and one more, which is no concern of ours, on the host's
 */
export const SHAPES = ['sandbox', 'bare', 'host', 'extra'] as const
export type Shape = (typeof SHAPES)[number]

/** The plugin's keys in a network's conflist. */
export type Keys = Readonly<Record<string, unknown>>

export const VERSIONS = ['0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const
export type Version = (typeof VERSIONS)[number]

export interface Add {
  readonly call: 'ADD'
  readonly pod: Pod
  readonly network: string
  readonly ips: readonly Ip[]
  readonly shape: Shape
  readonly version: Version
  /** A plugin after ours fails, so that libcni writes no cache file. */
  readonly chainFails?: boolean
}

export interface Del {
  readonly call: 'DEL'
  readonly pod: Pod
  readonly network: string
  /** `broken`: stdin is no JSON. */
  readonly prevResult: 'none' | 'broken' | readonly Ip[]
  /** A plugin after ours fails, so that libcni keeps its cache file. */
  readonly chainFails?: boolean
}

export interface Check {
  readonly call: 'CHECK'
  readonly pod: Pod
  readonly network: string
  readonly ips: readonly Ip[]
  readonly repairs: boolean
}

export interface Gc {
  readonly call: 'GC'
  readonly network: string
  /** `null`: what libcni sends for an empty list. */
  readonly valid: readonly Pod[] | null
}

export interface Sync {
  readonly call: 'sync'
  readonly prune: boolean
  readonly dryRun: boolean
}

/** `ip-masq gc`. */
export interface Collect {
  readonly call: 'gc'
  readonly dryRun: boolean
}

/** Somebody takes our rules away. */
export interface Lose {
  readonly call: 'lose'
  /** `ruleset`: everybody's; `ours`; `hook`: the base chain or the jump, which the next ADD or sync puts back. */
  readonly what: 'ruleset' | 'ours' | 'hook'
}

/** Calls that must be refused, or change nothing. */
export interface Broken {
  readonly call: 'broken'
  readonly what: string
  readonly pod: Pod
  readonly network: string
}

export type Call = (Add | Del | Check | Gc | Sync | Collect | Lose | Broken) & {
  /** In a group: how long after the others it begins. */
  readonly delayMs?: number
}

export type Operation =
  | Call
  | { readonly group: readonly Call[] }
  /** The call is killed after so many milliseconds; then the runtime does what it does after a failure. */
  | { readonly killed: Add | Del | Sync; readonly afterMs: number }
  /** The conflist is written. */
  | { readonly conf: string; readonly keys: Keys }
  /** The container's network namespace goes without a DEL. */
  | { readonly dies: string }
  /** The cache file of a pod is damaged or lost. */
  | { readonly cacheFile: Pod; readonly becomes: 'torn' | 'empty' | 'lost' }
  /** Many pods at once: added, then deleted beside further additions. */
  | { readonly crowd: number; readonly prevResult: boolean }

export function keyOf({ containerID, ifname }: Pod): string {
  return `${containerID} ${ifname}`
}
