import type { Address, Family } from '../../policy/address'
import type { Prefix } from '../../policy/prefix'

/**
 * A transaction is a list of operations on the table `inet ip-masq`: the kernel applies all of them or none.
 * It stays a value until `render.ts` writes it, so that the way to the kernel can change without it.
 */
export type Transaction = readonly Operation[]

export type Operation =
  | { readonly do: 'add-table' }
  | {
      readonly do: 'add-map'
      readonly name: string
      readonly key: Family
      readonly value: Family | 'verdict'
    }
  | { readonly do: 'add-set'; readonly name: string; readonly key: Family }
  | { readonly do: 'add-base-chain'; readonly name: string }
  | { readonly do: 'add-chain'; readonly name: string }
  | { readonly do: 'flush-chain'; readonly name: string }
  | { readonly do: 'flush-set'; readonly name: string }
  | { readonly do: 'delete-chain'; readonly name: string }
  | { readonly do: 'delete-set'; readonly name: string }
  | { readonly do: 'add-rule'; readonly chain: string; readonly rule: Rule }
  | { readonly do: 'add-elements'; readonly set: string; readonly elements: readonly Element[] }
  | { readonly do: 'delete-element'; readonly set: string; readonly key: Address }

export type Rule =
  /** To the policy chain of the packet's source address, if it has one. */
  | { readonly do: 'dispatch'; readonly family: Family; readonly map: string }
  /** Leave the packet alone if its destination is in the set. */
  | { readonly do: 'exempt'; readonly family: Family; readonly set: string }
  | { readonly do: 'masquerade'; readonly fullyRandom: boolean }

/** An element of a set (a prefix) or of a map (an address with its value). */
export type Element =
  | { readonly key: Prefix }
  | { readonly key: Address; readonly value: Address; readonly comment?: string }
  | { readonly key: Address; readonly goto: string }
