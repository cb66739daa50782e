import type { Family } from './address'
import { ALL, type Range } from './range'

/** Sets of addresses as ranges: in address order, and no range touches the next. */

export function union(a: readonly Range[], b: readonly Range[]): Range[] {
  const result: Range[] = []
  for (const range of [...a, ...b].sort((x, y) => (x.first < y.first ? -1 : 1))) {
    const last = result.at(-1)
    if (!last || last.end < range.first) result.push(range)
    else if (last.end < range.end) result[result.length - 1] = { ...last, end: range.end }
  }
  return result
}

/** The parts of `ranges` that are in none of `others`. */
export function subtract(ranges: readonly Range[], others: readonly Range[]): Range[] {
  const result: Range[] = []
  let from = 0
  for (const range of ranges) {
    let { first } = range
    // Both lists are in order: a range that ends before this one ends before all that follow.
    while (endsBefore(others[from], first)) from += 1
    for (let i = from; i < others.length; i++) {
      const other = others[i]
      if (!other || other.first >= range.end) break
      if (other.first > first) result.push({ ...range, first, end: other.first })
      if (other.end > first) first = other.end
    }
    if (first < range.end) result.push({ ...range, first })
  }
  return result
}

function endsBefore(range: Range | undefined, first: string): boolean {
  return range !== undefined && range.end <= first
}

export function allOf(family: Family): Range[] {
  return [ALL[family]]
}
