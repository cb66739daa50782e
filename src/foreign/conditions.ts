import type { Address, Family } from '../policy/address'
import { digitsOf } from '../policy/address'
import type { InterfacePattern } from '../policy/interface'
import type { Range } from '../policy/range'
import type { Condition } from './model'

/** What is known about packets of a pod that leave the node. */
export interface Flow {
  readonly source: Address
  /** All addresses have the family of the source. */
  readonly destination: Range
  /** Absent if it is not known. */
  readonly inInterface?: string
  readonly outInterface?: string
  /** The mark of the packets. If it is absent, they may have any mark, because a rule of somebody may set one. */
  readonly mark?: number
  /** Chains for NAT see only the first packet of a flow, which is new. */
  readonly state?: 'new' | 'untracked'
  /** The source may be another one here, because it was translated. */
  readonly isTranslated?: boolean
}

/** The priority at which the kernel translates sources, whatever the priorities of the chains for it (NF_IP_PRI_NAT_SRC). */
const NAT_PRIORITY = 100

/** The flow as a base chain for filtering sees it. */
export function flowAt(
  { hook, priority }: { readonly hook: string; readonly priority: number },
  flow: Flow,
): Flow {
  return hook === 'postrouting' && priority >= NAT_PRIORITY ? { ...flow, isTranslated: true } : flow
}

/** Whether a condition holds for all packets of a flow, for none, or perhaps for some. */
export type Holds = 'yes' | 'no' | 'maybe'

export function allHold(conditions: readonly Condition[], flow: Flow): Holds {
  const answers = conditions.map((condition) => holds(condition, flow))
  if (answers.includes('no')) return 'no'
  return answers.includes('maybe') ? 'maybe' : 'yes'
}

/** Whether packets of the flow may match a rule, also if a rule of another chain has kept them from being tracked. */
export function mayMatch(conditions: readonly Condition[], flow: Flow): boolean {
  return (['new', 'untracked'] as const).some((state) => allHold(conditions, { ...flow, state }) !== 'no')
}

function holds(condition: Condition, flow: Flow): Holds {
  const { source, destination, inInterface, outInterface, mark, state = 'new' } = flow
  switch (condition.on) {
    case 'source': {
      if (flow.isTranslated) return 'maybe'
      const first = digitsOf(source)
      const isIn = ofFamily(condition.ranges, source.family).some(
        (range) => range.first <= first && first < range.end,
      )
      return turned(isIn ? 'yes' : 'no', condition.isNot)
    }
    case 'destination':
      return turned(overlap(ofFamily(condition.ranges, source.family), destination), condition.isNot)
    case 'in':
      return turned(isNamed(condition.names, inInterface), condition.isNot)
    case 'out':
      return turned(isNamed(condition.names, outInterface), condition.isNot)
    case 'family':
      return condition.family === source.family ? 'yes' : 'no'
    case 'local destination':
      return turned('no', condition.isNot)
    case 'mark': {
      const isIt = mark === undefined ? 'maybe' : (mark & condition.mask) === condition.value ? 'yes' : 'no'
      return turned(isIt, condition.isNot)
    }
    case 'state': {
      const { states, isNot } = condition
      if (states.includes(state)) return turned('yes', isNot)
      return states.every((one) => STATES.includes(one)) ? turned('no', isNot) : 'maybe'
    }
    case 'other':
      return 'maybe'
    default:
      return condition satisfies never
  }
}

/** A packet has exactly one of these states. It may also have states that only iptables knows, such as `DNAT`. */
const STATES = ['new', 'established', 'related', 'invalid', 'untracked']

function turned(answer: Holds, isNot: boolean): Holds {
  if (!isNot || answer === 'maybe') return answer
  return answer === 'yes' ? 'no' : 'yes'
}

function ofFamily(ranges: readonly Range[], family: Family): Range[] {
  return ranges.filter((range) => range.family === family)
}

function overlap(ranges: readonly Range[], wanted: Range): Holds {
  if (ranges.some((range) => range.first <= wanted.first && wanted.end <= range.end)) return 'yes'
  return ranges.some((range) => range.first < wanted.end && wanted.first < range.end) ? 'maybe' : 'no'
}

function isNamed(patterns: readonly InterfacePattern[], name: string | undefined): Holds {
  if (name === undefined) return 'maybe'
  const isOne = patterns.some((pattern) =>
    pattern.isWildcard ? name.startsWith(pattern.name) : name === pattern.name,
  )
  return isOne ? 'yes' : 'no'
}
