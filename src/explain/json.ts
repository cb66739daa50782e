import type { Filter } from '../foreign/filters'
import type { Condition } from '../foreign/model'
import type { SourceNat } from '../foreign/source-nat'
import { formatAddress } from '../policy/address-text'
import type { InterfacePattern } from '../policy/interface'
import { formatPorts } from '../policy/ports'
import { formatPrefix } from '../policy/prefix'
import { formatEnds, formatTarget } from '../policy/range-text'
import type { Because, Explanation, Part } from './explanation'
import type { Verdict } from './live-verdict'

/** The output of `explain --json`, which docs/json.md describes. */
export function explanationsJson(
  mode: 'live' | 'offline',
  explanations: readonly Explanation[],
  unseen: readonly string[],
) {
  return { mode, explanations: explanations.map(explanationJson), unseen }
}

function explanationJson(one: Explanation) {
  const { source, sourceText, destination, destinationText, pod, rules, parts, problems, notes } = one
  return {
    source: source ? formatAddress(source) : null,
    asked: { source: sourceText ?? null, destination: destinationText ?? null },
    destination: formatTarget(destination),
    pod: pod ?? null,
    rules: rules.map(({ place, policy }) => ({ place, policy: policy ?? null })),
    parts: parts.map(partJson),
    problems,
    notes,
  }
}

function partJson(part: Part) {
  const { destination, verdict, wanted, conditions, because, route, through, seen } = part
  const { others, decidedBy, filters, olderFlows } = part
  const out = route?.kind === 'out' ? route : undefined
  return {
    destination: formatTarget(destination),
    verdict: verdict ? verdictJson(verdict) : null,
    wanted: wanted ? verdictJson(wanted) : null,
    outInterfaces: conditions.outInterfaces.map(formatInterface),
    toPorts: conditions.toPorts.map(formatPorts),
    because: because ? becauseJson(because) : null,
    seenAs: seen?.map(formatAddress) ?? null,
    route: route
      ? {
          kind: route.kind,
          in: through ?? null,
          out: out?.out ?? null,
          nextHop: out?.gateway ? formatAddress(out.gateway) : null,
          refusal: route.kind === 'none' || route.kind === 'group' ? route.said : null,
        }
      : null,
    others: others.map((nat) => ({ ...natJson(nat), decides: nat === decidedBy })),
    filters: filters.map(filterJson),
    olderFlows: olderFlows.map((flow) => ({
      destination: formatAddress(flow.destination),
      seenAs: formatAddress(flow.seenAs),
    })),
  }
}

function verdictJson({ does, source }: Verdict) {
  return { masqueraded: does === 'masqueraded', source: source ? formatEnds(source) : null }
}

function becauseJson({ kind, text, prefix, policy, place, source }: Because) {
  return {
    ...{ kind, text, prefix: formatPrefix(prefix), policy: policy ?? null, place: place ?? null },
    source: source ? { key: source.key, place: source.place ?? null } : null,
  }
}

function natJson({
  owner,
  place,
  table,
  chains,
  priority,
  order,
  to,
  text,
  isCertain,
  needsMark,
  conditions,
}: SourceNat) {
  return {
    ...{ owner, place, table, chains, priority, order, to: to ?? null, rule: text },
    ...{ certain: isCertain, needsMark, conditions: conditions.map(conditionText) },
  }
}

function filterJson(filter: Filter) {
  const { effect, hook, owner, place, table, chains, priority, text, isCertain, conditions } = filter
  return {
    ...{ effect, hook, owner, place, table, chains, priority, rule: text ?? null },
    ...{ certain: isCertain, conditions: conditions.map(conditionText) },
  }
}

/** `source 10.244.0.0/16`, `not out docker0`, `mark 0x4000/0x4000` */
function conditionText(condition: Condition): string {
  const not = 'isNot' in condition && condition.isNot ? 'not ' : ''
  switch (condition.on) {
    case 'source':
    case 'destination':
      return `${not}${condition.on} ${condition.ranges.map(formatTarget).join(' ')}`
    case 'in':
    case 'out':
      return `${not}${condition.on} ${condition.names.map(formatInterface).join(' ')}`
    case 'mark':
      return `${not}mark 0x${condition.value.toString(16)}/0x${condition.mask.toString(16)}`
    case 'family':
      return `family ${condition.family}`
    case 'local destination':
      return `${not}local destination`
    case 'state':
      return `${not}state ${condition.states.join(',')}`
    case 'other':
      return condition.text
    default:
      return condition satisfies never
  }
}

function formatInterface({ name, isWildcard }: InterfacePattern): string {
  return `${name}${isWildcard ? '*' : ''}`
}
