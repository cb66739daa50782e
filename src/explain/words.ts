import { formatPlace } from '../config/places'
import type { Filter } from '../foreign/filters'
import type { SourceNat } from '../foreign/source-nat'
import type { Address } from '../policy/address'
import { formatAddress } from '../policy/address-text'
import { formatPorts } from '../policy/ports'
import { formatPrefix } from '../policy/prefix'
import { formatEnds } from '../policy/range-text'
import type { Because, Explanation, Part } from './explanation'
import type { Verdict } from './live-verdict'
import { isActing } from './seen'

/** One sentence about a part: what happens to its packets, and what its peers see. */
export function answerOf(part: Part): string {
  const { verdict, route, decidedBy, seen } = part
  if (route?.kind === 'local')
    return 'it is an address of this node, so its packets never come to these rules'
  if (!verdict) return 'not known, because the rules are not as ip-masq writes them'
  const own = ownWords(verdict, part)
  const [drop, untracked] = (['drop', 'notrack'] as const).map((effect) => certainOne(effect, part))
  if (drop) return `${own}, but ${nameOf(drop)} drops it`
  if (untracked)
    return verdict.does === 'exempt'
      ? `${own}${seenWords(seen)}`
      : `not masqueraded, because ${nameOf(untracked)} makes it untracked${seenWords(seen)}`
  if (decidedBy) {
    const what = decidedBy.to === undefined ? 'masquerades it' : 'gives it another source'
    const who = decidedBy.owner === 'unknown' ? `a rule in ${decidedBy.table}` : decidedBy.owner
    const when = decidedBy.order === 'before' ? `, but ${who} ${what} before` : `, but ${who} ${what}`
    return `${own}${when}${seenWords(seen)}`
  }
  if (!route) return own
  if (route.kind === 'group') return `${own}, and ${route.said}`
  if (route.kind === 'none') return `${own}, but the kernel drops it: ${route.said}`
  return seen ? `${own}${seenWords(seen)}` : `${own}, unless others' rules change it: see below`
}

/** The filter that has this effect on all packets of a part. */
export function certainOne(effect: Filter['effect'], { filters }: Pick<Part, 'filters'>): Filter | undefined {
  return filters.find((one) => one.effect === effect && one.isCertain)
}

function nameOf({ owner, table, chains, text }: Filter): string {
  if (text === undefined) return `the policy of ${table} ${chains.join()}`
  return owner === 'unknown' ? `a rule in ${table}` : owner
}

/** Says whether ip-masq masquerades the part, and if not, why. */
function ownWords(verdict: Verdict, { conditions, route }: Part): string {
  if (verdict.does === 'exempt') return 'not masqueraded'
  const names = conditions.outInterfaces.map(({ name, isWildcard }) => (isWildcard ? `${name}*` : name))
  if (route?.kind === 'out' && !isActing('masqueraded', conditions, route.out))
    return `not masqueraded, because it leaves through ${route.out} and outInterfaces are ${names.join(', ')}`
  const ports = conditions.toPorts.map(formatPorts).join(',')
  const from = ports === '' ? '' : ` from ports ${ports}`
  if (route) return `masqueraded${from}`
  const source = verdict.source ? formatEnds(verdict.source) : 'the address of the outgoing interface'
  const where = names.length > 0 ? `, where it leaves through ${names.join(' or ')}` : ''
  return `masqueraded as ${source}${from}${where}`
}

function seenWords(seen: readonly Address[] | undefined): string {
  const texts = (seen ?? []).map(formatAddress)
  if (texts.length === 0) return ''
  return texts.length === 1 ? `, seen as ${texts[0]}` : `, seen as one of ${texts.join(' to ')}`
}

/** `nonMasqueradeCIDRs[0] "10.0.0.0/8", /etc/cni/net.d/10-pods.conflist:7:30` */
export function becauseWords({ kind, text, prefix, policy, place, source }: Because): string {
  const isList = /\]$/.test(text) && prefix.length > 0
  const shown = kind === 'rest' || (!isList && prefix.length === 0) ? '' : ` "${formatPrefix(prefix)}"`
  const what = `${kind === 'builtIn' ? 'built in: ' : ''}${text}${shown}`
  const of = policy !== undefined && !text.startsWith(policy) ? ` (${policy})` : ''
  const at = place ? `, ${formatPlace(place)}` : ''
  const from = source ? `; source: ${source.key}${source.place ? `, ${formatPlace(source.place)}` : ''}` : ''
  return `${what}${of}${at}${from}`
}

export function verdictWords({ does, source }: Verdict): string {
  if (does === 'exempt') return 'not masqueraded'
  return source ? `masqueraded as ${formatEnds(source)}` : 'masqueraded'
}

/** `ip nat POSTROUTING > FLANNEL-POSTRTG (flannel)` */
export function natWords(nat: Pick<SourceNat, 'place' | 'table' | 'chains' | 'owner'>): string {
  return `${chainWords(nat)} (${nat.owner})`
}

/** `iptables-nft ip filter FORWARD > DOCKER-USER` */
export function chainWords({ place, table, chains }: Pick<SourceNat, 'place' | 'table' | 'chains'>): string {
  return `${place === 'nftables' ? table : `${place} ${table}`} ${chains.join(' > ')}`
}

/** `drops it: ip saddr 10.0.0.0/8 drop` */
export function filterWords({ effect, text, isCertain }: Filter): string {
  const does =
    effect === 'drop' ? ['drops it', 'may drop it'] : ['makes it untracked', 'may make it untracked']
  return `${does[isCertain ? 0 : 1]}: ${text ?? 'policy drop'}`
}

/** Says what a rule of others does to packets that meet it. */
export function effectOf(nat: SourceNat, part: Part): string {
  const action = nat.to === undefined ? 'masquerade' : `snat to ${nat.to}`
  if (nat === part.decidedBy) return `${action}  <- decides`
  if (nat.needsMark) return `${action}, if somebody marks the packet`
  return nat.isCertain ? action : `perhaps ${action}`
}

export function whoOf({ source, sourceText }: Explanation): string {
  const address = source && formatAddress(source)
  if (sourceText === undefined) return address ?? ''
  return address === undefined ? sourceText : `${sourceText} (${address})`
}
