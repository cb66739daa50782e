import { allHold, type Flow } from './conditions'
import type { Condition, FilterHook, FilterHookName } from './model'
import { ownerOf } from './owners'

/** A rule, or a chain's policy, that stops packets or keeps them from being tracked. */
export interface Filter {
  readonly effect: 'drop' | 'notrack'
  readonly hook: FilterHookName
  readonly owner: string
  readonly place: string
  readonly table: string
  /** The chains from the base chain to the one that has the rule. */
  readonly chains: readonly string[]
  readonly priority: number
  readonly conditions: readonly Condition[]
  /** The rule as its tool prints it. If it is absent, the filter is the policy of the base chain. */
  readonly text?: string
  /** Whether it happens to all packets of the flow. */
  readonly isCertain: boolean
}

/** The priority at which connection tracking looks at packets (NF_IP_PRI_CONNTRACK). It ignores later rules. */
const CONNTRACK_PRIORITY = -200

/** What may happen to the first packet of a flow before its source is translated, in the order of the chains. */
export function filtersOf(hooks: readonly FilterHook[], flow: Flow): Filter[] {
  const found: Filter[] = []
  let state: Flow['state'] = 'new'
  const inOrder = hooks
    .filter(({ families }) => families.includes(flow.source.family))
    .sort((a, b) => orderOf(a.hook) - orderOf(b.hook) || a.priority - b.priority)
  for (const hook of inOrder) {
    const own = filtersIn(hook, { ...flow, state })
    found.push(...own)
    const isCertainly = (what: Filter['effect']) =>
      own.some(({ effect, isCertain }) => effect === what && isCertain)
    if (isCertainly('drop')) break
    if (isCertainly('notrack')) state = 'untracked'
  }
  return found
}

function orderOf(hook: FilterHookName): number {
  return hook === 'prerouting' ? 0 : 1
}

/** A depth that the kernel does not allow. */
const DEEPEST = 16

/** How a packet comes to a chain. */
interface Way {
  readonly chains: readonly string[]
  readonly conditions: readonly Condition[]
  readonly texts: readonly string[]
}

function filtersIn(base: FilterHook, flow: Flow): Filter[] {
  const { place, table, priority, hook, policy } = base
  const found: Filter[] = []
  /** Some packets may have left the base chain, and are not stopped here any more. */
  let mayHavePassed = false

  const add = (effect: Filter['effect'], way: Way, rule: Pick<Filter, 'text' | 'isCertain'>) => {
    const { chains, conditions, texts } = way
    const owner = ownerOf([table, ...chains], texts)
    found.push({ effect, hook, owner, place, table, chains, priority, conditions, ...rule })
  }

  /** Returns true if all packets that came into this chain are done with the base chain. */
  const goThrough = (name: string, way: Way, cameAll: boolean): boolean => {
    const chains = [...way.chains, name]
    const rules = base.chains.get(name)
    if (!rules || chains.length > DEEPEST) {
      // Nobody knows what happens there. For example, an NFQUEUE asks a program.
      mayHavePassed = true
      return false
    }
    let isComplete = cameAll
    /** Some packets may have gone back to the chain that this one was called from. */
    let mayHaveReturned = false
    for (const rule of rules) {
      const matches = allHold(rule.conditions, flow)
      if (matches === 'no') continue
      const isSure = matches === 'yes'
      const next: Way = {
        chains,
        conditions: [...way.conditions, ...rule.conditions],
        texts: [...way.texts, rule.text],
      }
      const isCertain = isSure && isComplete && !mayHavePassed
      const { verdict } = rule
      switch (verdict.do) {
        case 'notrack':
          if (priority < CONNTRACK_PRIORITY) add('notrack', next, { text: rule.text, isCertain })
          break
        case 'drop':
          add('drop', next, { text: rule.text, isCertain })
          if (isSure) return !mayHaveReturned
          break
        case 'accept':
          mayHavePassed = true
          if (isSure) return !mayHaveReturned
          break
        case 'jump':
        case 'goto': {
          const isOver = goThrough(verdict.chain, next, isComplete && isSure)
          if (isSure && (isOver || verdict.do === 'goto')) return isOver && !mayHaveReturned
          if (verdict.do === 'jump') break
          isComplete = false
          mayHaveReturned = true
          break
        }
        case 'return':
          if (isSure) return false
          isComplete = false
          mayHaveReturned = true
          break
        // No chain of this kind translates a source.
        case 'masquerade':
        case 'snat':
        case 'ours':
        case 'nothing':
          break
        default:
          verdict satisfies never
      }
    }
    return false
  }

  const start: Way = { chains: [], conditions: [], texts: [] }
  const isOver = goThrough(base.chain, start, true)
  if (policy === 'drop' && !isOver)
    add('drop', { ...start, chains: [base.chain] }, { isCertain: !mayHavePassed })
  return found
}
