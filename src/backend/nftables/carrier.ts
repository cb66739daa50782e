import type { Address } from '../../policy/address'
import type { Table, Target } from './table'
import type { TableState } from './table-state'
import type { ElementOperation, Transaction } from './transaction'

/**
 * Why the kernel, or nft, did not do it.
 *
 * missing      a table, chain, map, set or element named does not exist
 * clash        an element exists with another value, or a chain is in use
 * denied       no CAP_NET_ADMIN
 * unknown      it did not come to an end: deadline, killed, no answer
 * unusable     there is nothing that can be asked
 * unsupported  the kernel has no nf_tables, or not all that our rules need of it
 * refused      anything else
 */
export type Failure = 'missing' | 'clash' | 'denied' | 'unknown' | 'unusable' | 'unsupported' | 'refused'

export interface Failed {
  readonly ok: false
  readonly failure: Failure
  /** Who refused, and why. */
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
  /** The marker of this layout exists: every attachment with rules has its slots. */
  readonly isCurrent: boolean
  /** Rules of others may be in another place (`elsewhere.ts`); looked for only in a current layout. */
  readonly hasMark: boolean
}

/** What an ADD or a DEL needs of a carrier if it finds all as it should be. The rest is loaded when it is asked for. */
export interface QuickCarrier {
  run(transaction: readonly ElementOperation[]): Outcome<undefined>
  /** What is missing for it to work, without starting a process. */
  probe(): Promise<readonly string[]>
  whole(): Promise<Carrier>
}

/**
 * How a transaction gets to the kernel, and how what is there comes back: nft's text, or netlink. Both do the same, and each
 * reads what the other wrote.
 */
export interface Carrier {
  /** All of it, or nothing. */
  run(transaction: Transaction): Outcome<undefined>
  /** One for each key; undefined where there is no such element, map or table. This is exact, and needs no walk. */
  lookUp(keys: readonly ElementKey[]): Outcome<readonly (FoundElement | undefined)[]>
  readLayout(): Outcome<Layout>
  /**
   * The table without the elements of its maps; of the sets, the contents of those that these policies have. Without a
   * table: missing. Parts may be of different moments.
   */
  readStructure(policies: readonly string[]): Outcome<Table>
  /** The structure and, by walks that miss nothing, the elements of all maps. */
  readTable(policies: readonly string[]): Outcome<TableState>
  /** Addresses whose owner's comment may name the pod, whose name may be cut there. A walk that may miss some. */
  findPod(pod: string): Outcome<readonly Address[]>
  /** The elements of `owners` and `attachments` alone. */
  readOwners(): Outcome<TableState>
  /** Do the table and its base chain stand? By a look that takes as long beside any number of pods. */
  isStanding(): Outcome<boolean>
  /** A reason that the refusal itself does not give, to follow "the tool refused". */
  explainRefusal(): string
  /** What to do where it cannot be used at all. */
  explainUnusable(): string
}
