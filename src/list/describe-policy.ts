import { formatPlace, type Locate } from '../config/places'
import type { Reason } from '../config/reason'
import type { FamilyReasons, Layer } from '../config/reasons'
import { FAMILIES, type Family } from '../policy/address'
import type { Policy } from '../policy/policy'
import { formatPorts } from '../policy/ports'
import { formatPrefix } from '../policy/prefix'
import { type Range, rangesIn } from '../policy/range'
import { formatEnds, formatRange } from '../policy/range-text'
import type { PolicyReport } from './report-policies'

/** A policy as an operator would write it. */
export interface Description {
  readonly heading: string
  /** The destinations, one family after the other. */
  readonly parts: readonly Part[]
  /** How packets are translated, one line each. */
  readonly notes: readonly string[]
}

export interface Part {
  readonly title: string
  /** A destination, what happens to packets that go there, and the reason. */
  readonly rows: readonly (readonly string[])[]
}

export async function describePolicy(report: PolicyReport, locate: Locate): Promise<Description> {
  const { listed, reasons } = report
  const heading = headingOf(report)
  const { policy } = listed
  if (!policy)
    return {
      heading,
      parts: [{ title: 'ip-masq did not write its rules', rows: listed.foreign.map((line) => [line]) }],
      notes: [],
    }
  const parts: Part[] = []
  for (const family of listed.families) {
    const own = reasons?.find((one) => one.family === family)
    parts.push(...(own ? await partsOf(own, locate) : partsOfRules(policy, family)))
  }
  return { heading, parts, notes: notesOf(report, policy) }
}

function headingOf({ listed, rows }: PolicyReport): string {
  const count = `${rows.length} ${rows.length === 1 ? 'attachment' : 'attachments'}`
  return `${listed.name}: ${count}, in ${listed.places.join(' and ')} (${listed.chains.join(', ')})`
}

const WITH_INTERFACE = 'the address of the outgoing interface'

async function partsOf({ family, layers, rest }: FamilyReasons, locate: Locate): Promise<Part[]> {
  const { label } = FAMILIES[family]
  if (layers.length === 0) {
    return [{ title: `${label}: not masqueraded, because of ${await wordCause(rest, locate)}`, rows: [] }]
  }
  const parts: Part[] = []
  for (const layer of layers) parts.push(await partOf(layer, label, locate))
  return parts
}

async function partOf({ policy, reasons, reach, rest }: Layer, label: string, locate: Locate): Promise<Part> {
  const source = wordSource(rest.source?.range)
  const rows: string[][] = []
  for (const reason of [...(reach ?? []), ...reasons]) {
    rows.push([formatPrefix(reason.prefix), reason.verdict, await wordCause(reason, locate)])
  }
  const by = policy === undefined ? '' : ` by ${policy}`
  const what = reach ? 'only to these destinations' : 'except to these destinations'
  return { title: `${label}: masqueraded${by} with ${source}, ${what}`, rows }
}

/** `nonMasqueradeCIDRs[0], /etc/cni/net.d/10-pods.conflist:7:34` */
async function wordCause({ cause, where }: Reason, locate: Locate): Promise<string> {
  const words =
    cause.kind === 'builtIn'
      ? `built-in: ${cause.text}`
      : cause.kind === 'pod'
        ? `the pod's own list: ${cause.text}`
        : cause.text
  return where ? `${words}, ${formatPlace(await locate(where))}` : words
}

function wordSource(range: Range | undefined): string {
  return range ? formatEnds(range) : WITH_INTERFACE
}

/** What the rules do. This serves a policy that no conflist explains. */
function partsOfRules(policy: Policy, family: Family): Part[] {
  const { label } = FAMILIES[family]
  const one = policy.families[family]
  if (!one) return [{ title: `${label}: not masqueraded`, rows: [] }]
  const rows = (ranges: readonly Range[] | undefined, verdict: string) =>
    (ranges ?? []).map((range) => [formatRange(range), verdict])
  const special = (one.special ?? []).flatMap(({ destinations, snatTo }) =>
    rows(destinations, `masqueraded with ${wordSource(snatTo)}`),
  )
  return [
    {
      title: `${label}: masqueraded with ${wordSource(one.snatTo)}, ${one.destinations ? 'only to these destinations' : 'except to these destinations'}`,
      rows: [...rows(one.destinations, 'masqueraded'), ...special, ...rows(rangesIn(one.exempt), 'exempt')],
    },
  ]
}

function notesOf({ reasons, ownList }: PolicyReport, policy: Policy): string[] {
  const { toPorts, outInterfaces, fullyRandom, pinExemptions } = policy
  const isIdle = Object.keys(policy.families).length === 0
  if (isIdle) return reasons ? [] : [NO_CONFLIST]
  return [
    ...(ownList
      ? [
          `the pod's own list of ${ownList.length} ${ownList.length === 1 ? 'prefix' : 'prefixes'} replaces the configured list`,
        ]
      : []),
    ...(toPorts.length > 0
      ? [`source ports of tcp, udp and sctp: ${toPorts.map(formatPorts).join(', ')}`]
      : []),
    ...(outInterfaces.length > 0
      ? [
          `only packets that leave through ${outInterfaces.map(({ name, isWildcard }) => `${name}${isWildcard ? '+' : ''}`).join(', ')}`,
        ]
      : []),
    ...(fullyRandom ? [] : ['source ports are not fully random (randomFully is off)']),
    ...(pinExemptions
      ? [
          'exempt flows keep the address of the pod, even if another program masquerades later (pinExemptions)',
        ]
      : []),
    ...(reasons ? [] : [NO_CONFLIST]),
  ]
}

const NO_CONFLIST = 'no conflist asks for this policy now: this is what its rules do'
