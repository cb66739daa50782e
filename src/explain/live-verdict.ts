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
  const isIn = (ranges: readonly Range[]) => ranges.some(({ first, end }) => first <= digits && digits < end)
  const one = families[family]
  if (!one) return { does: 'exempt' }
  if (isIn(one.exempt)) return { does: 'exempt', ...(pinExemptions && { isPinned: true }) }
  if (one.destinations && !isIn(one.destinations)) return { does: 'exempt' }
  const { snatTo } = one.special?.find(({ destinations }) => isIn(destinations)) ?? one
  return { does: 'masqueraded', ...(snatTo && { source: snatTo }) }
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
