import type { Address } from '../../policy/address'
import type { Table, Target } from './table'
import type { TableState } from './table-state'
import type { ElementOperation, Transaction } from './transaction'

/**
 * Why the kernel or nft did not carry something out.
 *
 * missing      a named table, chain, map, set or element does not exist
 * clash        an element exists with another value, or a chain is in use
 * denied       no CAP_NET_ADMIN
 * unknown      it did not end: deadline, killed, no answer
 * unusable     there is no kernel interface or tool that can be used
 * unsupported  the kernel has no nf_tables, or lacks a part of it that our rules need
 * refused      anything else
 */
export type Failure = 'missing' | 'clash' | 'denied' | 'unknown' | 'unusable' | 'unsupported' | 'refused'

export interface Failed {
  readonly ok: false
  readonly failure: Failure
  /** The refusal's text, and where it comes from. */
  readonly said: string
}

export type Outcome<T> = { readonly ok: true; readonly value: T } | Failed

/** An element of one of our maps, by its name and key. */
export interface ElementKey {
  readonly set: string
  readonly key: Address
}

export interface FoundElement {
  readonly value?: Address
  readonly verdict?: Target
  readonly comment?: string
}

export interface Layout {
  /** The marker of this layout exists, so every attachment with rules has its slots. */
  readonly isCurrent: boolean
  /** Others may have rules in another place (`elsewhere.ts`). The mark is looked for only in a current layout. */
  readonly hasMark: boolean
}

/** The part of a carrier that an ADD or a DEL needs if it finds everything in order. The rest is loaded when it is needed. */
export interface QuickCarrier {
  run(transaction: readonly ElementOperation[]): Outcome<undefined>
  /** The things that are missing for it to work, found without starting a process. */
  probe(): Promise<readonly string[]>
  whole(): Promise<Carrier>
}

/**
 * How a transaction gets to the kernel, and how existing rules are read: through nft's text, or through netlink. Both do
 * the same, and each reads what the other wrote.
 */
export interface Carrier {
  /** Applies all of the transaction, or nothing. */
  run(transaction: Transaction): Outcome<undefined>
  /** Whether the kernel would apply the transaction. It goes through all of it, loads what that takes, and changes nothing. */
  check(transaction: Transaction): Outcome<undefined>
  /** Returns one result per key; undefined where there is no such element, map or table. This is exact, and needs no walk. */
  lookUp(keys: readonly ElementKey[]): Outcome<readonly (FoundElement | undefined)[]>
  readLayout(): Outcome<Layout>
  /**
   * The table without the elements of its maps. Of the sets, only those of these policies have their contents. A table
   * that does not exist is `missing`. The parts may be from different moments.
   */
  readStructure(policies: readonly string[]): Outcome<Table>
  /** The structure, and the elements of all maps. The walks miss nothing, or say that they may. */
  readTable(policies: readonly string[]): Outcome<TableState>
  /** Addresses whose owner's comment may name the pod; the pod's name may be cut there. The walk may miss some. */
  findPod(pod: string): Outcome<readonly Address[]>
  /** The elements of `owners` and `attachments` alone. */
  readOwners(): Outcome<TableState>
  /** Whether the table and its base chain exist. The look takes equally long at any number of pods. */
  isStanding(): Outcome<boolean>
  /** A reason that the refusal itself does not give; it follows "the tool refused". */
  explainRefusal(): string
  /** Advice for a machine where the carrier cannot be used at all. */
  explainUnusable(): string
}
