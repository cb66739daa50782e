import type { Filter } from '../foreign/filters'
import type { FilterHookName } from '../foreign/model'
import { formatAddress } from '../policy/address-text'
import { formatTarget } from '../policy/range-text'
import type { Explanation, Part } from './explanation'
import type { Verdict } from './live-verdict'
import { isActing } from './seen'
import { certainOne, effectOf, filterWords, natWords, verdictWords, whoOf } from './words'

/** Draws the way of a packet through the node, one line for each step. */
export function wayOf(explanation: Explanation, part: Part): string[] {
  const { route, through, others, seen, destination } = part
  if (route?.kind !== 'out') return []
  const from = `${whoOf(explanation)}${through === undefined ? '' : `, in through ${through}`}`
  const hop = route.gateway ? `, next hop ${formatAddress(route.gateway)}` : ''
  const isUntracked = certainOne('notrack', part) !== undefined
  const drop = certainOne('drop', part)
  const routing = [
    `| routing      out through ${route.out}${hop}`,
    ...drawn('forward', filterSteps('forward', part)),
  ]
  const before = [
    from,
    ...drawn('prerouting', filterSteps('prerouting', part)),
    ...(isUntracked ? [] : ['| prerouting   a Service address becomes one of its endpoints']),
    ...(drop?.hook === 'prerouting' ? [] : routing),
    ...(drop?.hook === 'postrouting' ? drawn('postrouting', filterSteps('postrouting', part)) : []),
  ]
  if (drop) return [...before, `x nothing comes to ${formatTarget(destination)}`]
  const { rules } = explanation
  // The first place that gives a packet a source decides.
  const acting = Math.max(
    0,
    part.own.findIndex((one) => one?.does !== 'exempt'),
  )
  const own = (isUntracked ? [] : rules).map(({ place, policy }, i) =>
    ownStep(place, policy, { part, verdict: part.own[i], isDeciding: i === acting }),
  )
  const steps = [
    ...filterSteps('postrouting', part),
    ...others.map((nat) => ({
      priority: nat.priority,
      order: nat.order,
      text: `${natWords(nat)}: ${effectOf(nat, part)}`,
    })),
    ...own,
  ].sort((a, b) => rank(a) - rank(b))
  const none = isUntracked ? 'no chain for NAT sees what is untracked' : 'no rule for source NAT'
  return [
    ...before,
    ...drawn('postrouting', steps),
    ...(others.length + own.length > 0 ? [] : drawn(steps.length > 0 ? '' : 'postrouting', [{ text: none }])),
    `v ${formatTarget(destination)}${seen ? ` sees ${seen.map(formatAddress).join(' to ')}` : ''}`,
  ]
}

/** One line for each step; the first has the name of the hook. */
function drawn(
  hook: string,
  steps: readonly { readonly priority?: number; readonly text: string }[],
): string[] {
  return steps.map(({ priority = '', text }, i) => {
    const name = (i === 0 ? hook : '').padEnd(11)
    return `| ${name} ${String(priority).padStart(4)}  ${text}`
  })
}

/** The filters of a hook: each one that is certain, and one step for the others of each base chain. */
function filterSteps(hook: FilterHookName, { filters }: Part): Step[] {
  const own = filters.filter((one) => one.hook === hook)
  const baseOf = ({ place, table, chains }: Filter) => `${place} ${table} ${chains[0]}`
  const shown = own.filter(
    (one, i) =>
      one.isCertain || own.findIndex((other) => isLike(one, other) && baseOf(one) === baseOf(other)) === i,
  )
  return shown.map((one) => {
    const more =
      own.filter((other) => !one.isCertain && isLike(one, other) && baseOf(one) === baseOf(other)).length - 1
    const rest = more > 0 ? ` (and ${more} more of its rules)` : ''
    return { priority: one.priority, order: 'before', text: `${natWords(one)}: ${filterWords(one)}${rest}` }
  })
}

function isLike(one: Filter, other: Filter): boolean {
  return !other.isCertain && one.effect === other.effect
}

interface Step {
  readonly priority: number
  readonly order: 'before' | 'own' | 'after' | 'unknown'
  readonly text: string
}

/** Sorts by priority. In a chain of iptables, rules above our jump come first. */
function rank({ priority, order }: Step): number {
  return priority * 4 + { before: 0, own: 1, unknown: 2, after: 3 }[order]
}

interface OwnPart {
  readonly part: Part
  readonly verdict: Verdict | undefined
  readonly isDeciding: boolean
}

function ownStep(place: string, policy: string | undefined, { part, verdict, isDeciding }: OwnPart): Step {
  const { conditions, route, decidedBy } = part
  const isOut = route?.kind === 'out'
  const acts = verdict && isOut && isActing(verdict.does, conditions, route.out)
  const does = verdict ? (acts ? verdictWords(verdict) : 'left alone') : 'not known'
  const [priority, table] =
    place === 'nftables' ? [99, 'inet ip-masq nat-postrouting'] : [100, `${place} nat POSTROUTING > IPM-PODS`]
  const decides = decidedBy || !verdict || !isDeciding ? '' : '  <- decides'
  return { priority, order: 'own', text: `${table} > ${policy ?? 'no policy'} (ip-masq): ${does}${decides}` }
}
