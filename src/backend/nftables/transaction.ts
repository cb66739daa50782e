import type { Address, Family } from '../../policy/address'
import type { InterfacePattern } from '../../policy/interface'
import type { PortRange } from '../../policy/ports'
import type { Range } from '../../policy/range'

/**
 * A transaction is a list of operations on the table `inet ip-masq`: the kernel applies all of them or none.
 * It stays a value until `render.ts` writes it, so that the way to the kernel can change without it.
 */
export type Transaction = readonly Operation[]

/** What a transaction may say of elements alone: an ADD or a DEL that finds all that it needs has nothing else. */
export type ElementOperation = Extract<Operation, { do: 'add-elements' | 'delete-element' }>

export type Operation =
  | { readonly do: 'delete-table' }
  | { readonly do: 'add-table' }
  | {
      readonly do: 'add-map'
      readonly name: string
      readonly key: Family
      readonly value: Family | 'verdict'
      /** Its elements may have a timeout. */
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
  /** Sends the packet to the policy chain of its source address, if that has one. */
  | { readonly do: 'dispatch'; readonly family: Family; readonly map: string }
  /** Leave the packet alone if its destination is in the set. */
  | { readonly do: 'exempt'; readonly family: Family; readonly set: string; readonly onlyDnat?: boolean }
  /** The same, and let nobody else change its source: an identity mapping ends NAT for the flow. */
  | { readonly do: 'pin'; readonly family: Family; readonly set: string }
  /** Leave the packet alone unless its destination is in the set. */
  | { readonly do: 'limit'; readonly family: Family; readonly set: string }
  /** Go on in another chain if the destination is in the set. */
  | { readonly do: 'divert'; readonly family: Family; readonly set: string; readonly chain: string }
  | { readonly do: 'skip-family'; readonly family: Family }
  | { readonly do: 'leave-through'; readonly interface: InterfacePattern; readonly chain: string }
  | Translation

/** Masquerade, or snat where `to` says the source. The packet gets here unless `family`, `protocol` or `draw` differ. */
export interface Translation {
  readonly do: 'translate'
  readonly family?: Family
  readonly ports?: {
    readonly protocol: string
    readonly range: PortRange
    /** Takes, by chance, `below` of `of` packets; absent: all. */
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
      /** The kernel removes it after so long. */
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
 * "No such file or directory", about a rule of a transaction that declares all that its rules name: what is not there is
 * the expression (masquerade, on kernels built without it). `operation` is the first that was refused, so a chain that the
 * transaction declares before it is there, and its table too.
 */
export function isOwnDeclaration(operation: Operation | undefined, transaction: Transaction): boolean {
  if (operation === undefined) return false
  if (transaction[0]?.do === 'add-table') return DECLARATIONS.includes(operation.do)
  return (
    operation.do === 'add-rule' &&
    transaction.some((one) => one.do === 'add-chain' && one.name === operation.chain)
  )
}
