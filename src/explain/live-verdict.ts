import type { Family } from '../policy/address'
import type { Policy } from '../policy/policy'
import { formatEnds, type Range } from '../policy/range'

/** What a policy does with a destination, wherever its packets leave the node. */
export interface Verdict {
  readonly does: 'masqueraded' | 'exempt'
  /** Absent: the address of the outgoing interface. */
  readonly source?: Range
  /** Exempt by a prefix, and pinned: then no rule that comes later changes it, unless the flow is to a Service. */
  readonly isPinned?: true
}

/** The same order of questions as in the rules that are made of a policy. */
export function verdictAt({ families, pinExemptions }: Policy, family: Family, digits: string): Verdict {
  const isIn = (ranges: readonly Range[]) => includesDigits(ranges, digits)
  const one = families[family]
  if (!one) return { does: 'exempt' }
  if (isIn(one.exempt)) return { does: 'exempt', ...(pinExemptions && { isPinned: true }) }
  if (one.destinations && !isIn(one.destinations)) return { does: 'exempt' }
  const { snatTo } = one.special?.find(({ destinations }) => isIn(destinations)) ?? one
  return { does: 'masqueraded', ...(snatTo && { source: snatTo }) }
}

/** `ranges` in address order, none touching the next: the last one that begins before the address is the only one that can have it. */
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

/** All ranges at whose borders the verdict may change. */
export function rangesOf({ families }: Policy, family: Family): readonly Range[] {
  const { exempt = [], destinations = [], special = [] } = families[family] ?? {}
  return [...exempt, ...destinations, ...special.flatMap((one) => one.destinations)]
}

export function isSameVerdict(one: Verdict, other: Verdict): boolean {
  const source = ({ source: of }: Verdict) => of && formatEnds(of)
  return one.does === other.does && source(one) === source(other)
}
