import type { InterfacePattern } from '../../policy/interface'
import type { PortRange } from '../../policy/ports'
import type { Prefix } from '../../policy/prefix'
import type { Range } from '../../policy/range'

/**
 * Operations on the nat table of one family. The kernel applies all of them or none; of two families each for itself.
 * It stays a value until `render.ts` writes it.
 */
export type Transaction = readonly Operation[]

export type Operation =
  /** Refused when the chain exists: the guard of an ADD. */
  | { readonly do: 'new-chain'; readonly chain: string }
  /** The chain exists and is empty, whatever was before. */
  | { readonly do: 'clear-chain'; readonly chain: string }
  | { readonly do: 'append'; readonly chain: string; readonly rule: Rule }
  /** It becomes the chain's first rule. */
  | { readonly do: 'insert'; readonly chain: string; readonly rule: Rule }
  /** Refused when there is no such rule: compare-and-delete, where the rule says whose it is. */
  | { readonly do: 'delete-rule'; readonly chain: string; readonly rule: Rule }
  /** Refused when there is no such rule. */
  | { readonly do: 'check-rule'; readonly chain: string; readonly rule: Rule }
  | { readonly do: 'flush-chain'; readonly chain: string }
  /** Refused when it has rules, or a rule leads to it. */
  | { readonly do: 'delete-chain'; readonly chain: string }

/** What a packet has to be like, and what happens to it then. */
export interface Rule {
  readonly source?: Prefix
  readonly destination?: Prefix
  readonly out?: InterfacePattern
  readonly isDnat?: boolean
  readonly protocol?: string
  /** The share of the packets that match, by chance; absent: all. */
  readonly probability?: number
  readonly comment?: string
  readonly target: Target
}

export type Target =
  /** The chain returns to where it was jumped from. */
  | { readonly to: 'jump'; readonly chain: string }
  /** It does not: the packet goes on where the last jump was. */
  | { readonly to: 'goto'; readonly chain: string }
  | { readonly to: 'return' }
  | { readonly to: 'accept' }
  | { readonly to: 'masquerade'; readonly ports?: PortRange; readonly fullyRandom: boolean }
  | {
      readonly to: 'snat'
      readonly source: Range
      readonly ports?: PortRange
      readonly fullyRandom: boolean
    }
