import type { Address, Family } from '../../policy/address'
import type { InterfacePattern } from '../../policy/interface'
import type { PortRange } from '../../policy/ports'
import type { Range } from '../../policy/range'

/**
 * A list of operations on the table `inet ip-masq`: the kernel applies all of them or none. It stays a value until a
 * carrier sends it, so that the way to the kernel can change without it.
 */
export type Transaction = readonly Operation[]

/** The operations on elements alone. An ADD or a DEL that finds everything in order uses no others. */
export type ElementOperation = Extract<Operation, { do: 'add-elements' | 'delete-element' }>

export type Operation =
  | { readonly do: 'delete-table' }
  | { readonly do: 'add-table' }
  | {
      readonly do: 'add-map'
      readonly name: string
      readonly key: Family
      readonly value: Family | 'verdict'
      /** Elements may have a timeout. */
      readonly hasTimeout?: boolean
    }
  | { readonly do: 'add-set'; readonly name: string; readonly key: Family }
  | { readonly do: 'add-base-chain'; readonly name: string }
  | { readonly do: 'add-chain'; readonly name: string }
  | { readonly do: 'flush-chain'; readonly name: string }
  | { readonly do: 'flush-set'; readonly name: string }
  | { readonly do: 'delete-chain'; readonly name: string }
  | { readonly do: 'delete-set'; readonly name: string }
  | { readonly do: 'delete-map'; readonly name: string }
  | { readonly do: 'add-rule'; readonly chain: string; readonly rule: Rule }
  | { readonly do: 'add-elements'; readonly set: string; readonly elements: readonly Element[] }
  | { readonly do: 'delete-element'; readonly set: string; readonly key: Address }

export type Rule =
  /** Sends the packet to the policy chain of its source address, if there is one. */
  | { readonly do: 'dispatch'; readonly family: Family; readonly map: string }
  /** Leaves the packet alone if its destination is in the set. */
  | { readonly do: 'exempt'; readonly family: Family; readonly set: string; readonly onlyDnat?: boolean }
  /** Does the same, and lets no other rule change the source: an identity mapping ends NAT for the flow. */
  | { readonly do: 'pin'; readonly family: Family; readonly set: string }
  /** Leaves the packet alone unless its destination is in the set. */
  | { readonly do: 'limit'; readonly family: Family; readonly set: string }
  /** Continues in another chain if the destination is in the set. */
  | { readonly do: 'divert'; readonly family: Family; readonly set: string; readonly chain: string }
  | { readonly do: 'skip-family'; readonly family: Family }
  | { readonly do: 'leave-through'; readonly interface: InterfacePattern; readonly chain: string }
  | Translation

/**
 * Masquerades, or changes the source to `to` if that is given. A packet passes by if `family`, `protocol` or `draw` do
 * not match.
 */
export interface Translation {
  readonly do: 'translate'
  readonly family?: Family
  readonly ports?: {
    readonly protocol: string
    readonly range: PortRange
    /** Takes `below` of `of` packets at random; absent: all. */
    readonly draw?: { readonly below: number; readonly of: number }
  }
  readonly to?: Range
  readonly fullyRandom: boolean
}

/** An element of a set (a range) or of a map (an address with its value). */
export type Element =
  | { readonly range: Range }
  | {
      readonly key: Address
      readonly value: Address
      readonly comment?: string
      /** The kernel removes the element after this time. */
      readonly timeoutSeconds?: number
    }
  | { readonly key: Address; readonly goto: string }

const DECLARATIONS: readonly Operation['do'][] = [
  'add-rule',
  'add-base-chain',
  'add-chain',
  'add-map',
  'add-set',
]

/**
 * Whether "No such file or directory" is about something that the transaction itself declares. The transaction declares
 * everything that its rules name, so what is missing is the expression (masquerade, on kernels built without it).
 * `operation` is the first one that was refused, so a chain that the transaction declares before it exists, and so does
 * its table.
 */
export function isOwnDeclaration(operation: Operation | undefined, transaction: Transaction): boolean {
  if (operation === undefined) return false
  if (transaction[0]?.do === 'add-table') return DECLARATIONS.includes(operation.do)
  return (
    operation.do === 'add-rule' &&
    transaction.some((one) => one.do === 'add-chain' && one.name === operation.chain)
  )
}
