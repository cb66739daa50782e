import type { Inspection } from '../backend/inspection'
import type { Locate } from '../config/places'
import type { Reason } from '../config/reason'
import type { FamilyReasons } from '../config/reasons'
import { formatAddress } from '../policy/address-text'
import type { FamilyPolicy, Policy } from '../policy/policy'
import { formatPorts } from '../policy/ports'
import { formatPrefix, type Prefix } from '../policy/prefix'
import { type Range, rangesIn } from '../policy/range'
import { formatEnds, formatRange } from '../policy/range-text'
import type { PolicyReport } from './report-policies'
import type { Names, Row } from './row'

/** What `ip-masq list --json` prints; docs/json.md describes it. */

export interface Context {
  readonly inspection: Inspection
  /** What could not be read. The same lines are on stderr. */
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
}

export function listJson(rows: readonly Row[], context: Context) {
  return { ...contextJson(context), attachments: rows.map(rowJson) }
}

export async function policiesJson(reports: readonly PolicyReport[], context: Context, locate: Locate) {
  const policies = []
  for (const report of reports) policies.push(await policyJson(report, locate))
  return { ...contextJson(context), policies }
}

function contextJson({ inspection: { places }, problems, warnings }: Context) {
  return {
    places: places.map(({ name, isSetUp, differences }) => ({ name, isSetUp, differences })),
    problems,
    warnings,
  }
}

function rowJson({ names, addresses, netns, place, policy, ownList, odd }: Row) {
  return {
    ...namesJson(names),
    addresses: addresses.map(formatAddress),
    netns: netns ?? null,
    place: place ?? null,
    policy: policy?.name ?? null,
    ownList: listJsonOf(ownList),
    odd: odd.map(({ code, text }) => ({ code, text })),
  }
}

/** Only these: `Row.names` may be an object that has more. */
function namesJson({ network, containerID, ifname, pod }: Names) {
  return { network, containerID, ifname, pod }
}

function listJsonOf(list: readonly Prefix[] | undefined): string[] | null {
  return list ? list.map(formatPrefix) : null
}

async function policyJson({ listed, rows, reasons, ownList }: PolicyReport, locate: Locate) {
  const { name, places, chains, policy, foreign } = listed
  return {
    name,
    places,
    chains,
    attachments: rows.map(({ names }) => namesJson(names)),
    ownList: listJsonOf(ownList),
    rules: policy ? rulesJson(policy) : null,
    foreign,
    reasons: reasons ? await reasonsJson(reasons, locate) : null,
  }
}

export function rulesJson({ families, toPorts, outInterfaces, fullyRandom, pinExemptions }: Policy) {
  return {
    ipv4: familyJson(families.ip),
    ipv6: familyJson(families.ip6),
    toPorts: toPorts.map(formatPorts),
    outInterfaces: outInterfaces.map(({ name, isWildcard }) => `${name}${isWildcard ? '+' : ''}`),
    randomFully: fullyRandom,
    pinExemptions,
  }
}

function familyJson(one: FamilyPolicy | undefined) {
  if (!one) return null
  const { exempt, destinations, snatTo, special = [] } = one
  return {
    exempt: rangesIn(exempt).map(formatRange),
    destinations: destinations ? destinations.map(formatRange) : null,
    snatTo: sourceJson(snatTo),
    special: special.map((way) => ({
      destinations: way.destinations.map(formatRange),
      snatTo: sourceJson(way.snatTo),
    })),
  }
}

function sourceJson(range: Range | undefined): string | null {
  return range ? formatEnds(range) : null
}

async function reasonsJson(reasons: readonly FamilyReasons[], locate: Locate) {
  const all = reasons.flatMap(({ layers, rest }) =>
    layers.length === 0
      ? [{ reason: rest, policy: null }]
      : layers.flatMap((layer) =>
          [...(layer.reach ?? []), ...layer.reasons].map((reason) => ({
            reason,
            policy: layer.policy ?? null,
          })),
        ),
  )
  const found = []
  for (const { reason, policy } of all) found.push({ ...(await reasonJson(reason, locate)), policy })
  return found
}

async function reasonJson({ prefix, verdict, cause, where, source }: Reason, locate: Locate) {
  const place = where && (await locate(where))
  return {
    prefix: formatPrefix(prefix),
    verdict,
    source: sourceJson(source?.range),
    kind: cause.kind,
    cause: cause.text,
    file: place?.file ?? null,
    line: place?.line ?? null,
    column: place?.column ?? null,
  }
}
