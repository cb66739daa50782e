import type { Flow as Packets } from '../foreign/conditions'
import { type Filter, filtersOf } from '../foreign/filters'
import type { Foreign, ForeignFilters } from '../foreign/model'
import { type OwnPlace, type SourceNat, sourceNatOf } from '../foreign/source-nat'
import { type Address, addressOf, digitsOf } from '../policy/address'
import { parsePrinted } from '../policy/address-text'
import { endsOf, type Range } from '../policy/range'
import type { Conditions, Decided, Part } from './explanation'
import { masqueradeAddress } from './routes/masquerade-address'
import type { LookUp, Route, Routes } from './routes/routes'

/** The node around our rules. */
export interface Surroundings {
  readonly routes: Routes
  readonly foreign: Foreign
  readonly filters: ForeignFilters
  readonly own: OwnPlace
  readonly source: Address
  /** The interface through which packets of the source come in; absent if the kernel does not say. */
  readonly through?: string
  /** The source is an address of this node. */
  readonly isNodesOwn: boolean
}

type Seen = Pick<Part, 'route' | 'through' | 'seen' | 'others' | 'decidedBy' | 'filters'>

/** Finds the source that a peer of this part sees, by the routes and the rules of others. */
export function seenOf(decided: Decided, node: Surroundings): Seen {
  const { source, through, routes } = node
  const from = through === undefined ? {} : { from: { source, through } }
  const { one, route } = routeTo(routes, decided.destination, from)
  const place = { route, ...(through !== undefined && { through }) }
  if (route.kind === 'local') return { ...place, seen: [source], others: [], filters: [] }
  if (route.kind === 'none' || route.kind === 'group') return { ...place, others: [], filters: [] }
  const filters = relevantFilters(decided, node, route.out)
  const known = { ...place, filters }
  if (isCertainly('drop', filters)) return { ...known, others: [] }
  if (isCertainly('notrack', filters)) return { ...known, others: [], seen: [source] }
  const others = relevantOthers(decided, node, route.out)
  const { verdict, conditions } = decided
  if (!verdict) return { ...known, others }
  const masqueraded = () => masqueradeAddress(routes, one, route)
  const isOwnActing = isActing(verdict.does, conditions, route.out)
  const isTranslated = isOwnActing || others.some(({ needsMark }) => !needsMark)
  if (isTranslated && filters.some(({ effect }) => effect === 'notrack')) return { ...known, others }
  const decision = decide(isOwnActing, others)
  if (decision === undefined) return { ...known, others }
  if (decision !== 'own') {
    const seen = decision.to === undefined ? list(masqueraded()) : addressesIn(decision.to)
    return { ...known, others, decidedBy: decision, ...(seen.length > 0 && { seen }) }
  }
  if (!isOwnActing) return { ...known, others, seen: [source] }
  const seen = verdict.source ? endsOf(verdict.source) : list(masqueraded())
  return { ...known, others, ...(seen.length > 0 && { seen }) }
}

/** Whether the effect hits all packets of a part. */
export function isCertainly(what: Filter['effect'], filters: readonly Filter[]): boolean {
  return filters.some(({ effect, isCertain }) => effect === what && isCertain)
}

/** Filters that may stop the packets or keep them from being tracked. */
function relevantFilters(decided: Decided, node: Surroundings, out: string): Filter[] {
  const { source, through, filters } = node
  const flow: Packets = {
    ...{ source, destination: decided.destination, outInterface: out },
    ...(through !== undefined && { inInterface: through }),
  }
  const found = filtersOf(filters.hooks, flow)
  // Packets between ports of one bridge come to these chains only on some nodes.
  return out === through ? found.map((one) => ({ ...one, isCertain: false })) : found
}

function list(address: Address | undefined): Address[] {
  return address ? [address] : []
}

/** If there are `outInterfaces`, only packets that leave through one of them are masqueraded. */
export function isActing(
  does: 'masqueraded' | 'exempt',
  { outInterfaces }: Conditions,
  out: string,
): boolean {
  if (does === 'exempt') return false
  const isOne = outInterfaces.some(({ name, isWildcard }) =>
    isWildcard ? out.startsWith(name) : out === name,
  )
  return outInterfaces.length === 0 || isOne
}

/**
 * Looks up the route to an address of the range. The first address of a prefix rarely belongs to anybody, and the next
 * ones often belong to a gateway, which may be this node.
 */
function routeTo(
  routes: Routes,
  range: Range,
  from: LookUp,
): { readonly one: Address; readonly route: Route } {
  const [first, last] = endsOf(range)
  const start = first ?? addressOf(range.first)
  const lookUp = (one: Address) => throughNode(one, routes.lookUp(one, from))
  if (!last) return { one: start, route: lookUp(start) }
  const middle = (start.value + last.value) / 2n
  const candidates = [start.value + 1n, middle, last.value].map((value) => ({ ...start, value }))
  const found = candidates.map((one) => ({ one, route: lookUp(one) }))
  return found.find(({ route }) => route.kind === 'out') ?? found[0] ?? { one: start, route: lookUp(start) }
}

/**
 * For multicast and broadcast from another interface, the kernel names lo as the way out, or refuses to answer
 * (`ip_route_input_mc`, `rt6_fill_node`).
 */
function throughNode(one: Address, route: Route): Route {
  const { family } = one
  const digits = digitsOf(one)
  const isMulticast = family === 'ip6' ? digits.startsWith('ff') : digits.startsWith('e')
  const isGroup = route.kind === 'out' ? route.out === 'lo' : isMulticast
  if (route.kind === 'local' || !isGroup) return route
  const said = isMulticast
    ? 'multicast is forwarded by multicast routes only (ip mroute)'
    : 'a broadcast is not forwarded'
  return { kind: 'group', said }
}

/**
 * Rules of others that can still give these packets a source. The first rule for source NAT that a packet meets
 * decides.
 */
function relevantOthers(decided: Decided, node: Surroundings, out: string): SourceNat[] {
  const { source, through, foreign, own } = node
  const flow: Packets = {
    ...{ source, destination: decided.destination, outInterface: out },
    ...(through !== undefined && { inInterface: through }),
  }
  const { verdict, conditions } = decided
  const isMasqueraded = verdict !== undefined && isActing(verdict.does, conditions, out)
  const isPinned = verdict?.isPinned === true
  // nftables pins by a mapping, which ends NAT for the flow. iptables pins by an ACCEPT, which ends only the one nat
  // table.
  const isTaken = (nat: SourceNat) => isMasqueraded || (isPinned && (own === 'nftables' || nat.place === own))
  return sourceNatOf(foreign, own, flow).filter((nat) => nat.order !== 'after' || !isTaken(nat))
}

/** Finds the rule that decides for packets without a mark: another's, or `own`. Undefined if nobody can say. */
function decide(isOwnActing: boolean, others: readonly SourceNat[]): SourceNat | 'own' | undefined {
  const unmarked = others.filter(({ needsMark }) => !needsMark)
  const first = unmarked.filter(({ order }) => order === 'before')
  const rest = unmarked.filter(({ order }) => order !== 'before')
  for (const one of first) return one.isCertain ? one : undefined
  if (isOwnActing) return rest.some(({ order }) => order === 'unknown') ? undefined : 'own'
  for (const one of rest) return one.isCertain ? one : undefined
  return 'own'
}

/** `192.0.2.1`, `192.0.2.1-192.0.2.4`, `192.0.2.1:1024-65535` */
function addressesIn(to: string): Address[] {
  const [text = ''] = to.split(' ')
  return text.split('-').flatMap((one) => parsePrinted(one.replace(/:\d+$/, '')) ?? [])
}
