import type { Attachment } from '../../cni/attachment'
import type { OwnedAddress, TableState } from './table-state'
import type { Transaction } from './transaction'

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
  /** By whom, and why. */
  readonly said: string
}

export type Outcome<T> = { readonly ok: true; readonly value: T } | Failed

/** What a listing of the owners tells of one attachment. */
export interface Ownership {
  readonly owned: readonly OwnedAddress[]
  /** Rules of others may be in another place: `elsewhere.ts`. */
  readonly hasMark: boolean
}

/**
 * The way of a transaction to the kernel, and of what stands there back: nft's text, or netlink. Both do the same, and each
 * reads what the other wrote.
 */
export interface Carrier {
  /** All of it, or nothing. */
  run(transaction: Transaction): Outcome<undefined>
  /**
   * Everything in our table; of the sets, the contents of those that these policies have. Without a table:
   * missing. `isAtOnce`: all of one moment; else a change in between may be seen in a part of it.
   */
  readTable(policies: readonly string[], isAtOnce?: boolean): Outcome<TableState>
  /** The elements of `owners` alone. */
  readOwners(): Outcome<TableState>
  findOwned(attachment: Attachment): Outcome<Ownership>
  /** Do the table and its base chain stand? By a look that takes as long beside any number of pods. */
  isStanding(): Outcome<boolean>
  /** What is missing for it to work, without starting a process. */
  probe(): Promise<readonly string[]>
  /** To follow "the tool refused": a reason that the refusal itself does not give. */
  explainRefusal(): string
  /** What to do where it cannot be used at all. */
  explainUnusable(): string
}
