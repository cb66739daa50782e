import type { Family } from '../../policy/address'
import type { InterfacePattern } from '../../policy/interface'
import { longestMatches } from '../../policy/longest-matches'
import type { FamilyPolicy, Policy, Special } from '../../policy/policy'
import { type Range, rangesIn } from '../../policy/range'
import { formatEnds } from '../../policy/range-text'
import { nameOfRules } from './policy-chains'
import { type Group, groupsIn, readInterface, type Verdict } from './policy-groups'
import { type How, readHow } from './read-how'

export interface ReadPolicy {
  /** Absent where the chains have rules that no policy of ours has. */
  readonly policy?: Policy
  /** Whether the name is the digest of the rules. */
  readonly isAsNamed: boolean
  /** Rules that no policy of ours has, one line each. */
  readonly foreign: readonly string[]
}

/** How packets are masqueraded, and through which interfaces; an empty list means all interfaces. */
interface Way {
  readonly how: How
  readonly interfaces: readonly InterfacePattern[]
}

type Chains = ReadonlyMap<string, readonly string[]>

/** A policy in one family, from the rules of its chains as `-S` prints them. */
export function readPolicy(chains: Chains, name: string, family: Family): ReadPolicy {
  const groups = groupsIn(chains.get(name) ?? [], family)
  const decided = decidedIn(chains, name, groups)
  if ('foreign' in decided) return { isAsNamed: false, foreign: decided.foreign }
  return { policy: policyOf(decided, family), isAsNamed: nameOfRules(chains, name) === name, foreign: [] }
}

interface Decided {
  readonly groups: readonly (Group & { readonly way?: Way })[]
  /** The way of all packets that are not special; absent where nothing is masqueraded. */
  readonly own?: Way
}

interface Refused {
  readonly foreign: readonly string[]
}

/** Each group with the way that its packets go, if all of them fit together. */
function decidedIn(chains: Chains, name: string, groups: readonly Group[]): Decided | Refused {
  const foreign = groups.flatMap(({ verdict }) => (verdict.is === 'foreign' ? verdict.rules : []))
  if (foreign.length > 0)
    return { foreign: foreign.map((rule) => `chain ${name}: unexpected rule "${rule}"`) }
  const lengths = groups.map(({ destination }) => destination.length)
  if (lengths.at(-1) !== 0)
    return { foreign: [`chain ${name}: the last rule, for all other destinations, is missing`] }
  if (lengths.some((length, i) => length > (lengths[i - 1] ?? length)))
    return { foreign: [`chain ${name}: rules are in the wrong order`] }
  const known = new Map<string, Way | undefined>()
  const found: (Group & { readonly way?: Way })[] = []
  for (const group of groups) {
    const { verdict } = group
    if (verdict.is === 'sent' && !known.has(verdict.chain))
      known.set(verdict.chain, wayThrough(chains, verdict.chain))
    const way = wayOf(verdict, known)
    if (verdict.is === 'sent' && !way)
      return {
        foreign: [`chain ${verdict.chain}: unexpected rules: ${wordRules(chains, verdict.chain)}`],
      }
    found.push({ ...group, ...(way && { way }) })
  }
  const ways = found.flatMap(({ way }) => way ?? [])
  if (new Set(ways.map(commonOf)).size > 1)
    return { foreign: [`chain ${name}: rules masquerade in different ways`] }
  const own = [...known.values()].find((way) => way !== undefined) ?? ways.at(-1)
  return { groups: found, ...(own && { own }) }
}

function wayOf(verdict: Verdict, known: ReadonlyMap<string, Way | undefined>): Way | undefined {
  if (verdict.is === 'masqueraded') return verdict
  return verdict.is === 'sent' ? known.get(verdict.chain) : undefined
}

/** Reads a chain that is reached by `-g`: how packets are masqueraded, perhaps after a choice by interface. */
function wayThrough(chains: Chains, chain: string): Way | undefined {
  const rules = chains.get(chain) ?? []
  const how = readHow(rules)
  if (how) return { how, interfaces: [] }
  const found = rules.map((rule) => /^-o (\S+) -g (IPM-Q-\S+)$/.exec(rule) ?? [])
  const [first] = found
  const next = first?.[2] === undefined ? undefined : readHow(chains.get(first[2]) ?? [])
  if (!next || found.some(([, , to]) => to !== first?.[2])) return undefined
  return { how: next, interfaces: found.map(([, name = '']) => readInterface(name)) }
}

function wordRules(chains: Chains, chain: string): string {
  return (chains.get(chain) ?? []).map((rule) => `"${rule}"`).join(', ') || 'none'
}

/** The part that all ways of a policy have in common, as text to compare. */
function commonOf({ how: { toPorts, fullyRandom }, interfaces }: Way): string {
  return JSON.stringify([toPorts, fullyRandom, interfaces])
}

/** The way of a policy that masquerades nothing. The policy's other settings are in no rule. */
const NO_WAY: Way = { how: { toPorts: [], fullyRandom: true }, interfaces: [] }

function policyOf({ groups, own }: Decided, family: Family): Policy {
  const { how, interfaces } = own ?? NO_WAY
  const pinExemptions = groups.some(({ verdict }) => verdict.is === 'pinned')
  const isIdle = !own && !pinExemptions
  return {
    families: isIdle ? {} : { [family]: familyOf(groups, family, how.snatTo) },
    toPorts: how.toPorts,
    outInterfaces: interfaces,
    fullyRandom: how.fullyRandom,
    pinExemptions,
  }
}

/**
 * A return means that a destination is exempt, or that it is not among `destinations`. It means the second where exempt
 * destinations are pinned, and where the chain returns everything that no rule names.
 */
function familyOf(groups: Decided['groups'], family: Family, snatTo: Range | undefined): FamilyPolicy {
  const isPinned = groups.some(({ verdict }) => verdict.is === 'pinned')
  const last = groups.at(-1)
  const isExempt = (group: Decided['groups'][number]) =>
    isPinned ? group.verdict.is === 'pinned' : group.verdict.is === 'returned' && group !== last
  const rangesOf = (isChosen: (group: Decided['groups'][number]) => boolean) =>
    rangesWhere(groups, family, isChosen)
  const isLimited = groups.some((group) => group.verdict.is === 'returned' && !isExempt(group))
  const special = new Map<string, Special>()
  for (const { way } of groups) {
    const source = way?.how.snatTo
    if (!way || keyOf(source) === keyOf(snatTo) || special.has(keyOf(source))) continue
    const isSame = (one: Decided['groups'][number]) =>
      one.way !== undefined && keyOf(one.way.how.snatTo) === keyOf(source)
    special.set(keyOf(source), { destinations: rangesOf(isSame), ...(source && { snatTo: source }) })
  }
  return {
    exempt: rangesOf(isExempt),
    ...(isLimited && { destinations: rangesOf(({ way }) => way !== undefined) }),
    ...(snatTo && { snatTo }),
    ...(special.size > 0 && { special: [...special.values()] }),
  }
}

function keyOf(snatTo: Range | undefined): string {
  return snatTo ? formatEnds(snatTo) : ''
}

/** The first rule that matches decides, and longer prefixes come first. So the longest prefix that matches decides. */
function rangesWhere(
  groups: Decided['groups'],
  family: Family,
  isChosen: (group: Decided['groups'][number]) => boolean,
): readonly Range[] {
  const prefixes = (isWanted: boolean) =>
    groups.flatMap((group) => (isChosen(group) === isWanted ? [group.destination] : []))
  return rangesIn(longestMatches(family, [prefixes(true)], prefixes(false)))
}
