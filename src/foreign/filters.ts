import { type Flow, flowAt } from './conditions'
import { type Condition, FILTER_HOOKS, type FilterHook, type FilterHookName } from './model'
import { ownerOf } from './owners'
import { type Match, walk } from './walk'

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

/** The priority at which connection tracking looks at packets in prerouting (NF_IP_PRI_CONNTRACK). */
const CONNTRACK_PRIORITY = -200

/** A packet that is tracked already stays tracked, so a later `notrack` does nothing, whatever its priority. */
function isBeforeTracking({ hook, priority }: FilterHook): boolean {
  return hook === 'prerouting' && priority < CONNTRACK_PRIORITY
}

/** What may happen to the first packet of a flow, in the order of the chains. */
export function filtersOf(hooks: readonly FilterHook[], flow: Flow): Filter[] {
  const found: Filter[] = []
  let state: Flow['state'] = 'new'
  const inOrder = hooks
    .filter(({ families }) => families.includes(flow.source.family))
    .sort((a, b) => FILTER_HOOKS.indexOf(a.hook) - FILTER_HOOKS.indexOf(b.hook) || a.priority - b.priority)
  for (const hook of inOrder) {
    const own = filtersIn(hook, flowAt(hook, { ...flow, state }))
    found.push(...own)
    const isCertainly = (what: Filter['effect']) =>
      own.some(({ effect, isCertain }) => effect === what && isCertain)
    if (isCertainly('drop')) break
    if (isCertainly('notrack')) state = 'untracked'
  }
  return found
}

function filtersIn(base: FilterHook, flow: Flow): Filter[] {
  const { place, table, chain, priority, hook, policy } = base
  const found: Filter[] = []
  const add = (
    effect: Filter['effect'],
    { chains, conditions, texts, isCertain }: Omit<Match, 'rule'>,
    text?: string,
  ) => {
    const owner = ownerOf([table, ...chains], texts)
    const rule = text === undefined ? {} : { text }
    found.push({ effect, hook, owner, place, table, chains, priority, conditions, ...rule, isCertain })
  }
  const { isNeverReached, mayHavePassed } = walk(base, flow, (match) => {
    const { verdict, text } = match.rule
    switch (verdict.do) {
      case 'notrack':
        if (isBeforeTracking(base)) add('notrack', match, text)
        return 'none'
      case 'drop':
        add('drop', match, text)
        return 'takes'
      case 'queue':
        add('drop', { ...match, isCertain: false }, text)
        return 'passes'
      case 'accept':
        return 'passes'
      default:
        // No chain of this kind translates a source.
        return 'none'
    }
  })
  if (policy === 'drop' && !isNeverReached)
    add('drop', { chains: [chain], conditions: [], texts: [], isCertain: !mayHavePassed })
  return found
}
