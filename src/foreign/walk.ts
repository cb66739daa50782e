import { allHold, type Flow } from './conditions'
import type { Condition, ForeignHook, ForeignRule } from './model'

/** A rule that packets of a flow may match, and the way from the base chain to it. */
export interface Match {
  readonly rule: ForeignRule
  /** The chains from the base chain to the one that has the rule. */
  readonly chains: readonly string[]
  /** The conditions of the rules on the way, and of this one. */
  readonly conditions: readonly Condition[]
  /** The same rules, as their tool prints them. */
  readonly texts: readonly string[]
  /**
   * Whether it happens to all packets of the flow that are not taken before. Never true without a flow.
   */
  readonly isCertain: boolean
}

/**
 * What a rule does with a packet that matches it, if it leads to no other chain.
 *
 * takes   it decides, and the packet is done with the base chain
 * passes  the packet is done with the base chain, and nothing has happened to it here
 * none    the next rule is looked at
 */
export type Effect = 'takes' | 'passes' | 'none'

/** What is known of the packets at the end of a base chain. */
export interface End {
  /** Whether no packet comes to the end, that is, to the policy. */
  readonly isNeverReached: boolean
  /** Whether some packets may have passed. */
  readonly mayHavePassed: boolean
}

/** A depth that the kernel does not allow. */
const DEEPEST = 16

/** How packets come to a chain. */
type Way = Pick<Match, 'chains' | 'conditions' | 'texts'>

/**
 * Goes through a base chain in the order of the kernel, and asks about each rule that packets of the flow may match.
 * Without a flow all rules are asked about.
 */
export function walk(
  { chain: base, chains }: ForeignHook,
  flow: Flow | undefined,
  ask: (match: Match) => Effect,
): End {
  let mayHavePassed = false

  /** Returns true if all packets that came into this chain are done with the base chain. */
  const goThrough = (name: string, way: Way, cameAll: boolean): boolean => {
    const within = [...way.chains, name]
    const rules = chains.get(name)
    if (!rules || within.length > DEEPEST) {
      // Nobody knows what happens there: it could not be read, or it is a target of iptables that we do not know.
      mayHavePassed = true
      return false
    }
    let isComplete = cameAll
    /** Some packets may have gone back to the chain that this one was called from. */
    let mayHaveReturned = false
    for (const rule of rules) {
      const matches = flow ? allHold(rule.conditions, flow) : 'maybe'
      if (matches === 'no') continue
      const isSure = matches === 'yes'
      const { verdict } = rule
      const next: Way = {
        chains: within,
        conditions: [...way.conditions, ...rule.conditions],
        texts: [...way.texts, rule.text],
      }
      if (verdict.do === 'return') {
        if (isSure) return false
        isComplete = false
        mayHaveReturned = true
      } else if (verdict.do === 'jump' || verdict.do === 'goto') {
        const isOver = goThrough(verdict.chain, next, isComplete && isSure)
        if (isSure && (isOver || verdict.do === 'goto')) return isOver && !mayHaveReturned
        if (verdict.do === 'jump') continue
        isComplete = false
        mayHaveReturned = true
      } else {
        const effect = ask({ rule, ...next, isCertain: isSure && isComplete && !mayHavePassed })
        if (effect === 'passes') mayHavePassed = true
        if (effect !== 'none' && isSure) return !mayHaveReturned
      }
    }
    return false
  }

  const isNeverReached = goThrough(base, { chains: [], conditions: [], texts: [] }, true)
  return { isNeverReached, mayHavePassed }
}
