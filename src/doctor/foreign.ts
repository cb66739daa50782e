import type { Host, Tools, Wanted } from '../backend/backend'
import { readForeign, unseenOfCilium } from '../foreign'
import type { Foreign } from '../foreign/model'
import { type OwnPlace, type SourceNat, sourceNatOf } from '../foreign/source-nat'
import type { Address } from '../policy/address'
import { formatAddress } from '../policy/address-text'
import { endsOf, type Range, rangesIn } from '../policy/range'
import { formatEnds, formatRange } from '../policy/range-text'
import { type Finding, ok, unseen, warning } from './finding'

/** Source NAT of others that acts on packets of our pods to exempt destinations. */

/**
 * Reads the rules of others. If they have no chain for source NAT, no tool is started: a node with the native
 * executable needs no nft.
 */
export function readOthers(run: Tools, host: Host, hasChains: boolean): Foreign {
  return hasChains ? readForeign(run, host) : { hooks: [], unseen: unseenOfCilium() }
}

/** The number of flows that are tried: one for each policy, family and exempt range, up to this number. */
const MOST_FLOWS = 64

interface Trial {
  readonly source: Address
  readonly destination: Range
  /** Exempt flows keep their address, whatever comes later. */
  readonly isPinned: boolean
}

/** `own` is the place of our rules. */
export function checkForeign(foreign: Foreign, wanted: readonly Wanted[], own: OwnPlace): readonly Finding[] {
  const check = 'foreign-masquerade'
  const trials = trialsOf(wanted).slice(0, MOST_FLOWS)
  const met = new Map<string, { readonly rule: SourceNat; readonly trial: Trial }>()
  for (const trial of trials) {
    for (const rule of sourceNatOf(foreign, own, trial)) {
      // The rules of kube-proxy and portmap are for packets that these have marked for a reason.
      if (rule.needsMark || (trial.isPinned && rule.order === 'after')) continue
      const key = JSON.stringify([rule.place, rule.table, rule.chains])
      if (!met.has(key)) met.set(key, { rule, trial })
    }
  }
  const findings = [...met.values()].map(({ rule, trial }) => describe(rule, trial))
  return [
    ...(findings.length === 0 && trials.length > 0
      ? [ok(check, `nobody else masquerades towards exempt destinations (tried for ${trials.length} flows)`)]
      : findings),
    ...foreign.unseen.map((what) =>
      unseen(check, { what, mend: 'put that right, and run ip-masq doctor again' }),
    ),
  ]
}

function describe(
  { owner, place, table, chains, text, isCertain }: SourceNat,
  { source, destination }: Trial,
): Finding {
  const who = owner === 'unknown' ? 'somebody' : owner
  const [from, to] = [formatAddress(source), formatRange(destination)]
  return warning('foreign-masquerade', {
    what: `${who} ${isCertain ? 'masquerades' : 'may masquerade'} what ${from} sends to ${to}, which is exempt: ${place}, table ${table}, ${chains.join(' -> ')}: ${text}`,
    why: "exempt destinations see the node's address",
    mend: `switch it off (docs/neighbours.md), or write "pinExemptions": true; ip-masq explain ${from} ${example(destination)} shows the whole way`,
  })
}

/** A destination in the form that `explain` takes: an address or a prefix. */
function example(destination: Range): string {
  const text = formatRange(destination)
  const [first] = endsOf(destination)
  return first !== undefined && text === formatEnds(destination) ? formatAddress(first) : text
}

function trialsOf(wanted: readonly Wanted[]): readonly Trial[] {
  const known = new Set<string>()
  return wanted.flatMap(({ addresses, policy }) =>
    addresses.flatMap((source) => {
      const own = policy.families[source.family]
      const key = `${source.family} ${JSON.stringify(policy)}`
      if (!own || known.has(key)) return []
      known.add(key)
      return rangesIn(own.exempt).map((destination) => ({
        source,
        destination,
        isPinned: policy.pinExemptions,
      }))
    }),
  )
}
