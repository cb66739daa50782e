import type { InterfacePattern } from '../../policy/interface'
import type { PortRange } from '../../policy/ports'
import type { Prefix } from '../../policy/prefix'
import type { Range } from '../../policy/range'

/**
 * Operations on the nat table of one family. The kernel applies all of them or none; two families are two separate
 * transactions. It stays a value until `render.ts` writes it.
 */
export type Transaction = readonly Operation[]

export type Operation =
  /** This is refused when the chain exists; it guards an ADD. */
  | { readonly do: 'new-chain'; readonly chain: string }
  /** Makes sure that the chain exists and is empty, whatever was there before. */
  | { readonly do: 'clear-chain'; readonly chain: string }
  | { readonly do: 'append'; readonly chain: string; readonly rule: Rule }
  /** Puts the rule first in the chain. */
  | { readonly do: 'insert'; readonly chain: string; readonly rule: Rule }
  /** This is refused when there is no such rule. It compares and deletes, where the rule names its owner. */
  | { readonly do: 'delete-rule'; readonly chain: string; readonly rule: Rule }
  /** This is refused when there is no such rule. */
  | { readonly do: 'check-rule'; readonly chain: string; readonly rule: Rule }
  | { readonly do: 'flush-chain'; readonly chain: string }
  /** This is refused when the chain has rules, or when a rule leads to it. */
  | { readonly do: 'delete-chain'; readonly chain: string }

/** The packets that match, and the target that they get. */
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
  /** After the chain the packet returns to where the jump was. */
  | { readonly to: 'jump'; readonly chain: string }
  /** After the chain the packet does not return here: it goes on after the last jump. */
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
