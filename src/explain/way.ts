import { formatAddress } from '../policy/address'
import { formatTarget } from '../policy/range'
import type { Explanation, Part } from './explanation'
import type { Verdict } from './live-verdict'
import { isActing } from './seen'
import { effectOf, natWords, verdictWords, whoOf } from './words'

/** The way of a packet through the node, a line for each step. */
export function wayOf(explanation: Explanation, part: Part): string[] {
  const { route, through, others, seen, destination } = part
  if (route?.kind !== 'out') return []
  const { rules } = explanation
  // The first place that gives a packet a source ends the search.
  const acting = Math.max(
    0,
    part.own.findIndex((one) => one?.does !== 'exempt'),
  )
  const own = rules.map(({ place, policy }, i) =>
    ownStep(place, policy, { part, verdict: part.own[i], isDeciding: i === acting }),
  )
  const steps = [
    ...others.map((nat) => ({
      priority: nat.priority,
      order: nat.order,
      text: `${natWords(nat)}: ${effectOf(nat, part)}`,
    })),
    ...own,
  ].sort((a, b) => rank(a) - rank(b))
  const hop = route.gateway ? `, next hop ${formatAddress(route.gateway)}` : ''
  const postrouting = steps.map(({ priority, text }) => `${String(priority).padStart(4)}  ${text}`)
  return [
    `${whoOf(explanation)}${through === undefined ? '' : `, in through ${through}`}`,
    '| prerouting   a Service address becomes one of its endpoints',
    `| routing      out through ${route.out}${hop}`,
    ...(postrouting.length > 0 ? postrouting : ['      no rule for source NAT']).map(
      (line, i) => `| ${i === 0 ? 'postrouting' : '           '} ${line}`,
    ),
    `v ${formatTarget(destination)}${seen ? ` sees ${seen.map(formatAddress).join(' to ')}` : ''}`,
  ]
}

interface Step {
  readonly priority: number
  readonly order: 'before' | 'own' | 'after' | 'unknown'
  readonly text: string
}

/** By priority, and in one chain of iptables what is above our jump first. */
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
