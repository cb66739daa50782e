import { readSystemFile } from '#system/proc'
import { attachmentId } from '../backend/identity'
import { intentOf } from '../config/intent'
import type { Filter } from '../foreign/filters'
import { isSameAddress } from '../policy/address'
import { decidePolicy } from '../policy/decide'
import type { Policy } from '../policy/policy'
import { endsOf } from '../policy/range'
import type { Flow } from './conntrack'
import type { Decided, Part } from './explanation'
import type { Asked } from './pod-config'
import type { PodAddress } from './pods'
import { isCertainly, type Surroundings } from './seen'
import { isIn } from './within'
import { certainOne, chainWords } from './words'

/** Established flows to a part that keep another source than new flows get. */
export function olderFlows(
  flows: readonly Flow[] | undefined,
  { destination }: Decided,
  { seen }: Pick<Part, 'seen'>,
): readonly Flow[] {
  if (!flows || !seen) return []
  return flows.filter(
    (flow) =>
      isIn(destination, flow.destination) && !seen.some((address) => isSameAddress(address, flow.seenAs)),
  )
}

/** Remarks about a pod on this node. */
export function notesOf({ rules }: PodAddress, { through, isNodesOwn }: Surroundings): string[] {
  const places = rules.map(({ place }) => place).join(', ')
  return [
    ...(rules.length > 1 ? [`it has rules in several places: ${places}`] : []),
    ...(isNodesOwn ? ['the source is an address of this node, and of no pod'] : []),
    ...(through === undefined && !isNodesOwn
      ? ['the kernel has no route back to the source, so nobody knows where its packets come in']
      : []),
  ]
}

/** Settings of a policy for all destinations that differ from what the conflist asks for. */
export function settingsProblems({ rules, address }: PodAddress, { config }: Asked): string[] {
  const live = rules.find(({ policy }) => policy?.families[address.family])?.policy
  const wanted = config && decidePolicy(intentOf(config.settings, config.namespace), config.ips)
  if (!live || !wanted?.families[address.family]) return []
  const ofPolicy = (one: Policy): Readonly<Record<string, unknown>> => ({
    outInterfaces: one.outInterfaces.map(({ name, isWildcard }) => `${name}${isWildcard ? '*' : ''}`).sort(),
    toPorts: one.toPorts,
    randomFully: one.fullyRandom,
    pinExemptions: one.pinExemptions,
  })
  const [has, asks] = [ofPolicy(live), ofPolicy(wanted)]
  const keys = Object.keys(has).filter((key) => JSON.stringify(has[key]) !== JSON.stringify(asks[key]))
  return keys.map(
    (key) =>
      `the rules in the kernel have another ${key} than the conflist asks for: ip-masq sync changes them`,
  )
}

/** Things that an operator should do something about, or that make the answer uncertain. */
export function problemsOf(pod: PodAddress, parts: readonly Part[], asked: Asked): string[] {
  const problems: string[] = [...asked.problems]
  const { rules } = pod
  const asksFor = asked.config && parts.some(({ wanted }) => wanted)
  if (asksFor && rules.length === 0)
    problems.push('there are no rules for this address, and the conflist asks for some: run ip-masq sync')
  else if (asksFor)
    problems.push('the rules in the kernel are others than the conflist asks for: ip-masq sync changes them')
  for (const { place, policyName, policy, foreign } of rules) {
    const name = policyName ?? 'the rule of this address'
    if (!policy)
      problems.push(
        `${place}: ${name} is not as ip-masq writes it: ${foreign.join('; ') || 'it was altered'}`,
      )
  }
  const changed = parts.filter(
    ({ verdict, decidedBy }) => verdict?.does === 'exempt' && decidedBy?.order === 'after',
  )
  for (const owner of new Set(changed.map(({ decidedBy }) => decidedBy?.owner)))
    problems.push(
      `${owner === 'unknown' ? 'somebody' : owner} changes packets that are exempt: switch that off, or write "pinExemptions": true`,
    )
  const refused = parts.flatMap(({ route }) => (route?.kind === 'none' ? [route.said] : []))
  for (const said of new Set(refused))
    problems.push(`the kernel has no route for these packets, and drops them: ${said}`)
  return problems
}

/** The rules may belong to another pod by now, or to nobody. A mistyped address has no rules either. */
export function ownerProblem({ rules, live, cached }: PodAddress, { isNodesOwn }: Surroundings): string[] {
  if (live && cached && live.id !== attachmentId(cached.attachment)) {
    const { pod = '', containerID = '' } = live.note ?? {}
    const holder = pod || (containerID && `container ${containerID}`) || 'another attachment'
    return [
      `the rules of this address belong to ${holder}, which got the address later: see ip-masq list --address`,
    ]
  }
  if (rules.length > 0 && !live && !cached)
    return ['these rules have no owner, so no DEL removes them: ip-masq sync mends it, or says how']
  if (rules.length > 0 || live || cached || isNodesOwn) return []
  return [
    'no pod is known to have this address: check the address, or name the result caches with --cache-dir',
  ]
}

/** Only one address of a part was looked up. */
export function rangeNote(parts: readonly Part[]): string[] {
  const isOfRange = ({ destination, verdict, route }: Part) =>
    route?.kind === 'out' &&
    verdict?.does === 'masqueraded' &&
    !verdict.source &&
    endsOf(destination).length > 1
  return parts.some(isOfRange)
    ? [
        'the source shown for a prefix is that of one address in it; other addresses in it may take another route',
      ]
    : []
}

/** Packets that leave through the interface through which they came in are bridged. Rules seldom see them. */
export function bridgedNote(parts: readonly Part[], family: 'ip' | 'ip6'): string[] {
  const isBridged = parts.some(({ route, through }) => route?.kind === 'out' && route.out === through)
  if (!isBridged) return []
  const name = `bridge-nf-call-${family === 'ip' ? 'ip' : 'ip6'}tables`
  const value = readSystemFile(`/proc/sys/net/bridge/${name}`)?.trim()
  return [
    value === '1'
      ? `packets between pods of one bridge come to these rules, because ${name} is 1`
      : `packets between pods of one bridge do not come to these rules (${name} is ${value ?? 'not there'})`,
  ]
}

/** Things that certainly happen to packets on the way to our rules. */
export function filterProblems(parts: readonly Part[]): string[] {
  const lines = parts.flatMap((part) => {
    const [drop, untracked] = [certainOne('drop', part), certainOne('notrack', part)]
    if (drop)
      return [`these packets are dropped in ${chainWords(drop)}: ${ruleOf(drop)}; let them pass there`]
    if (untracked && part.verdict?.does === 'masqueraded')
      return [
        `nobody translates the source of these packets, because they are not tracked: ${chainWords(untracked)}: ${ruleOf(untracked)}; leave the pod out of that rule`,
      ]
    return []
  })
  return [...new Set(lines)]
}

/**
 * Things that may happen to some packets, one line for each base chain. Its rules do not always show which packets
 * these are.
 */
export function filterNotes(parts: readonly Part[]): string[] {
  const open = parts.filter(({ filters }) => !isCertainly('drop', filters))
  const filters = open.flatMap((part) => part.filters.filter(({ isCertain }) => !isCertain))
  const baseOf = (filter: Filter) => chainWords({ ...filter, chains: filter.chains.slice(0, 1) })
  const lines = filters.map((filter) => {
    const base = baseOf(filter)
    if (filter.effect === 'notrack')
      return `some of these packets may not be tracked, and then nobody translates their source: see ${base}`
    const hasPolicy = filters.some((one) => one.text === undefined && baseOf(one) === base)
    return `these packets may be dropped in ${base}${hasPolicy ? ', whose policy is drop' : ''}`
  })
  return [...new Set(lines)]
}

function ruleOf({ text }: Filter): string {
  return text ?? 'its policy is drop'
}
