import type { Family } from './address'
import { type Prefix, parsePrefix } from './prefix'
import type { Ranges } from './range'

/**
 * A list of thousands, read into numbers: an object for each prefix would take longer than everything that an ADD does
 * with it. `long-list.ts` makes it, and is loaded only for such lists.
 */
export interface LongList {
  /** The prefixes as an operator wrote them. All are valid. */
  readonly texts: readonly string[]
  readonly has: (family: Family) => boolean
  /** The prefixes of a family, in any order. */
  readonly prefixesOf: (family: Family) => readonly Prefix[]
  /** The addresses in these prefixes and in the others of the family. */
  readonly unionWith: (family: Family, others: readonly Prefix[]) => Ranges
}

/** A list in either form. */
export type Prefixes = readonly Prefix[] | LongList

/** Whether a list is so long that loading `long-list.ts` pays off. */
export function isWorthPacking(list: unknown): boolean {
  return Array.isArray(list) && list.length > 16
}

/** The prefixes of both families, in the order in which they are written. */
export function prefixesIn(list: Prefixes): readonly Prefix[] {
  return isLong(list) ? list.texts.map(parsePrefix) : list
}

/** The prefixes of one family, in any order; if the list is not long, there may be others too. */
export function prefixesOf(family: Family, list: Prefixes): readonly Prefix[] {
  return isLong(list) ? list.prefixesOf(family) : list
}

export function hasFamily(list: Prefixes, family: Family): boolean {
  return isLong(list) ? list.has(family) : list.some((prefix) => prefix.family === family)
}

export function isLong(list: Prefixes): list is LongList {
  return 'texts' in list
}
