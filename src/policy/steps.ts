import type { Family } from './address'
import { ZEROS } from './digits'
import type { Prefix } from './prefix'
import { type Range, rangeOf } from './range'

/** The item with the longest matching prefix, from this address up to the next step. Absent: none matches. */
export interface Step<T> {
  /** The first address as digits (`parseDigits`). */
  readonly first: string
  readonly item?: T
}

/**
 * The whole address space of a family, in steps; items of the other family are left out. If two items have the same
 * prefix, the first one in the list counts. `longestMatches` finds the same for two lists, but keeps only which of them
 * it was.
 */
export function stepsOf<T extends { readonly prefix: Prefix }>(
  family: Family,
  items: readonly T[],
): Step<T>[] {
  const steps: Step<T>[] = []
  const push = (first: string, item: T | undefined) => {
    const last = steps.at(-1)
    // A step that began at the same address is replaced by the longer prefix.
    if (last?.first === first) steps.pop()
    if (steps.at(-1)?.item !== item || steps.length === 0) steps.push({ first, ...(item && { item }) })
  }
  const enclosing: { readonly end: string; readonly item: T }[] = []
  const close = (before: string) => {
    for (let top = enclosing.at(-1); top && top.end <= before; top = enclosing.at(-1)) {
      enclosing.pop()
      if (top.end < OPEN_END) push(top.end, enclosing.at(-1)?.item)
    }
  }
  push(family === 'ip' ? ZEROS.slice(0, 8) : ZEROS, undefined)
  for (const item of inOrder(family, items)) {
    const { first, end } = rangeOf(item.prefix)
    close(first)
    enclosing.push({ end, item })
    push(first, item)
  }
  close(OPEN_END)
  return steps
}

/** This sorts after all digits, like the end of an open range. */
const OPEN_END = 'g'

/** Sorts items: an outer prefix comes before an inner one, and each prefix is there once. */
function inOrder<T extends { readonly prefix: Prefix }>(family: Family, items: readonly T[]): T[] {
  const known = new Map<string, T>()
  for (const item of items) {
    const { digits, length, family: own } = item.prefix
    const key = digits + String.fromCharCode(0x20 + length)
    if (own === family && !known.has(key)) known.set(key, item)
  }
  return [...known].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item)
}

/** The item for an address, given as digits. */
export function itemAt<T>(steps: readonly Step<T>[], digits: string): T | undefined {
  let [low, high] = [0, steps.length]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((steps[middle]?.first ?? OPEN_END) <= digits) low = middle
    else high = middle
  }
  return steps[low]?.item
}

/** The addresses within a range at which a step of any of these begins; the range's own beginning comes first. */
export function borders(range: Range, all: readonly (readonly Step<unknown>[])[]): string[] {
  const inside = all.flat().filter(({ first }) => first > range.first && first < range.end)
  return [range.first, ...new Set(inside.map(({ first }) => first).sort())]
}
