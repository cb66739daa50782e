import type { PlaceName } from '../backend/inspection'
import type { Part as ReasonPart } from '../config/deciding'
import { deciderOf } from '../config/deciding'
import { intentOf } from '../config/intent'
import type { Locate } from '../config/places'
import type { PodConfig, Reason } from '../config/reason'
import { reasonsFor } from '../config/reasons'
import { decidePolicy } from '../policy/decide'
import type { Policy } from '../policy/policy'
import { type Range, rangeUpTo } from '../policy/range'
import { borders } from '../policy/steps'
import type { Because, Conditions, Decided } from './explanation'
import { isSameVerdict, rangesOf, type Verdict, verdictAt } from './live-verdict'
import type { PodAddress } from './pods'

export interface Deciding {
  readonly pod: PodAddress
  /** What the conflist asks for; absent if it is not known. */
  readonly config?: PodConfig
  /** The config alone decides, because no kernel has rules yet. */
  readonly isOffline: boolean
  /**
   * Places in which the chain or the maps that lead packets to the rules were altered. Nobody knows whether packets get
   * there.
   */
  readonly altered?: readonly PlaceName[]
  readonly locate: Locate
}

/** Cuts the destination where the rules in the kernel or the reasons of the config change. */
export async function decideParts(range: Range, deciding: Deciding): Promise<Decided[]> {
  const { pod, config, isOffline, altered = [], locate } = deciding
  const { family } = range
  const policies = pod.rules.flatMap(({ policy }) => policy ?? [])
  const rules = pod.rules.map(({ place, policy }) => (altered.includes(place) ? undefined : policy))
  const live = policies.flatMap((policy) => rangesOf(policy, family))
  const reasons = config ? deciderOf(reasonsFor(config, family)).within(range) : []
  const asked = config && decidePolicy(intentOf(config.settings, config.namespace), config.ips)
  const ends = [...live, ...reasons.map((one) => one.range)].flatMap(({ first, end }) => [first, end])
  const firsts = borders(range, [ends.map((first) => ({ first }))])
  const parts: Decided[] = []
  let at = 0
  for (const [i, first] of firsts.entries()) {
    const destination = rangeUpTo(first, firsts[i + 1] ?? range.end)
    // Both are in address order.
    for (let one = reasons[at]; one && one.range.end <= first; one = reasons[at]) at += 1
    const reason = reasons[at]
    const wanted = reason && verdictOf(reason.reason)
    const own = isOffline ? [] : rules.map((policy) => policy && verdictAt(policy, family, first))
    const verdict = isOffline ? wanted : firstThatActs(own)
    const differs = !isOffline && wanted && !(verdict && isSameVerdict(wanted, verdict))
    const last = parts.at(-1)
    const acting = isOffline ? asked : policies[0]
    const part: Decided = {
      ...{ destination, own },
      ...(verdict && { verdict }),
      ...(reason && { because: await becauseOf(reason, locate) }),
      ...(differs && { wanted }),
      conditions: conditionsOf(acting),
    }
    if (last && isSameAnswer(last, part)) {
      parts[parts.length - 1] = { ...last, destination: { ...last.destination, end: destination.end } }
    } else parts.push(part)
  }
  return parts
}

function verdictOf({ verdict, source }: Reason): Verdict {
  if (verdict === 'exempt') return { does: 'exempt' }
  return { does: 'masqueraded', ...(source && { source: source.range }) }
}

/** The first place that masquerades decides. Undefined if there are rules that we do not write. */
function firstThatActs(own: readonly (Verdict | undefined)[]): Verdict | undefined {
  let exempt: Verdict = { does: 'exempt' }
  for (const verdict of own) {
    if (!verdict || verdict.does === 'masqueraded') return verdict
    if (verdict.isPinned) exempt = verdict
  }
  return exempt
}

function conditionsOf(policy: Policy | undefined): Conditions {
  const { outInterfaces = [], toPorts = [] } = policy ?? {}
  return { outInterfaces, toPorts }
}

async function becauseOf({ reason, policy }: ReasonPart, locate: Locate): Promise<Because> {
  const { cause, prefix, where, source } = reason
  return {
    ...{ kind: cause.kind, text: cause.text, prefix },
    ...(policy !== undefined && { policy }),
    ...(where && { place: await locate(where) }),
    ...(source && {
      source: { key: source.key, ...(source.where && { place: await locate(source.where) }) },
    }),
  }
}

function isSameAnswer(one: Decided, other: Decided): boolean {
  const text = ({ verdict, because, wanted }: Decided) => JSON.stringify([verdict, because, wanted])
  return text(one) === text(other)
}
