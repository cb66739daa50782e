import type { Family } from '../policy/address'
import type { Policy } from '../policy/policy'
import { type Range, rangesIn } from '../policy/range'
import { formatEnds } from '../policy/range-text'

/** What a policy does with a destination, whichever way its packets leave the node. */
export interface Verdict {
  readonly does: 'masqueraded' | 'exempt'
  /** If it is absent, the source is the address of the outgoing interface. */
  readonly source?: Range
  /** The destination is exempt by a prefix, and pinned: no later rule changes it, unless the flow goes to a Service. */
  readonly isPinned?: true
}

/** Asks in the same order as the rules that are made from a policy. */
export function verdictAt({ families, pinExemptions }: Policy, family: Family, digits: string): Verdict {
  const isIn = (ranges: readonly Range[]) => includesDigits(ranges, digits)
  const one = families[family]
  if (!one) return { does: 'exempt' }
  if (isIn(rangesIn(one.exempt))) return { does: 'exempt', ...(pinExemptions && { isPinned: true }) }
  if (one.destinations && !isIn(one.destinations)) return { does: 'exempt' }
  const { snatTo } = one.special?.find(({ destinations }) => isIn(destinations)) ?? one
  return { does: 'masqueraded', ...(snatTo && { source: snatTo }) }
}

/**
 * `ranges` are in address order and do not touch. Only the last one that begins at or before the address can contain
 * it.
 */
function includesDigits(ranges: readonly Range[], digits: string): boolean {
  let [low, high] = [0, ranges.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ranges[middle]?.first ?? '') <= digits) low = middle + 1
    else high = middle
  }
  const range = ranges[low - 1]
  return range !== undefined && digits < range.end
}

/** All ranges; the verdict may change at their borders. */
export function rangesOf({ families }: Policy, family: Family): readonly Range[] {
  const { exempt = [], destinations = [], special = [] } = families[family] ?? {}
  return [...rangesIn(exempt), ...destinations, ...special.flatMap((one) => one.destinations)]
}

export function isSameVerdict(one: Verdict, other: Verdict): boolean {
  const source = ({ source: of }: Verdict) => of && formatEnds(of)
  return one.does === other.does && source(one) === source(other)
}
