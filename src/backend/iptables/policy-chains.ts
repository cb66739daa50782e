import { sha256 } from '#system/digest'
import type { Family } from '../../policy/address'
import { firstMatchRules } from '../../policy/first-match'
import type { FamilyPolicy, Policy } from '../../policy/policy'
import { countPorts } from '../../policy/ports'
import type { Prefix } from '../../policy/prefix'
import { type Range, rangesIn } from '../../policy/range'
import { subtract, union } from '../../policy/range-sets'
import { renderRule } from './render'
import type { Rule, Target } from './transaction'

/** A chain and its rules. */
export interface Chain {
  readonly chain: string
  readonly rules: readonly Rule[]
}

/**
 * The chains of a policy in one family; the first is the one that pods are sent to.
 *
 *   IPM-P-<hash>  the destinations: first match, the longest prefix first; also the translation, if no other rule needs it
 *   IPM-M-<hash>  packets that are not exempt: by outgoing interface
 *   IPM-Q-<hash>  the translation, if several rules need it
 */
export function policyChains(policy: Policy, family: Family): Chain[] {
  const known = chainsOf.get(policy)?.[family]
  if (known) return known
  const drafts = draftChains(policy, family)
  const hash = hashOf(drafts.map(({ rules }) => rules.map(renderRule)))
  const chains = drafts.map(({ chain, rules }) => ({
    chain: nameOf(chain, hash),
    rules: rules.map((rule) => ({ ...rule, target: withHash(rule.target, hash) })),
  }))
  chainsOf.set(policy, { ...chainsOf.get(policy), [family]: chains })
  return chains
}

/** The name is a hash of what the chains do, computed with placeholders for their names. */
function hashOf(chains: readonly (readonly string[])[]): string {
  return sha256(chains.map((rules) => rules.join('\n')).join('\n\n')).slice(0, 20)
}

const chainsOf = new WeakMap<Policy, { [F in Family]?: Chain[] }>()

export function policyChainName(policy: Policy, family: Family): string {
  return policyChains(policy, family)[0]?.chain ?? ''
}

const STAND_INS = ['IPM-P', 'IPM-M', 'IPM-Q']
const [FIRST = '', BY_INTERFACE = '', HOW = ''] = STAND_INS

/** The beginning of the names of those chains that pods are sent to. */
export const policyPrefix = `${FIRST}-`

function nameOf(standIn: string, hash: string): string {
  return `${standIn}-${hash}`
}

function withHash(target: Target, hash: string): Target {
  return 'chain' in target ? { ...target, chain: nameOf(target.chain, hash) } : target
}

/** The chains that a rule leads to, and no others: each chain that a packet goes through costs it time. */
function draftChains(policy: Policy, family: Family): Chain[] {
  const one = policy.families[family]
  if (!one) return [{ chain: FIRST, rules: [{ target: { to: 'return' } }] }]
  const how = translationRules(policy, one.snatTo)
  const all: Chain[] = [
    { chain: FIRST, rules: towards(policy, family, { ...one, how }) },
    { chain: BY_INTERFACE, rules: byInterface(policy) },
    { chain: HOW, rules: how },
  ]
  const used = new Set([FIRST])
  // Rules lead only to later chains.
  for (const { chain, rules } of all) {
    if (used.has(chain)) for (const next of rules.flatMap(chainIn)) used.add(next)
  }
  return all.filter(({ chain }) => used.has(chain))
}

function chainIn({ target }: Rule): string[] {
  return 'chain' in target ? [target.chain] : []
}

/** The treatment of a destination; a number is the index of a special way. */
type Verdict = 'exempt' | 'elsewhere' | 'masquerade' | number

function towards(
  policy: Policy,
  family: Family,
  { exempt, destinations, special = [], how }: FamilyPolicy & { readonly how: readonly Rule[] },
): Rule[] {
  const { pinExemptions, outInterfaces } = policy
  const unmasked = rangesIn(exempt)
  const ranges: { range: Range; verdict: Verdict }[] = unmasked.map((range) => ({ range, verdict: 'exempt' }))
  const inAnotherWay = special.flatMap(({ destinations: of }, i) =>
    of.map((range) => ({ range, verdict: i })),
  )
  const taken = special.reduce<readonly Range[]>((all, one) => union(all, one.destinations), unmasked)
  const limited = destinations
    ? subtract(destinations, taken).map((range) => ({ range, verdict: 'masquerade' as const }))
    : []
  const rules = firstMatchRules<Verdict>(
    family,
    [...ranges, ...inAnotherWay, ...limited],
    destinations ? 'elsewhere' : 'masquerade',
  )
  return rules.flatMap(({ prefix, verdict }): Rule[] => {
    const destination = prefix
    if (typeof verdict === 'number') return specialRules(policy, destination, special[verdict]?.snatTo)
    // The last rule is for all packets that are left, and needs no detour through another chain.
    if (verdict === 'masquerade' && prefix.length === 0 && outInterfaces.length === 0) return [...how]
    if (verdict === 'masquerade') {
      return [{ destination, target: { to: 'goto', chain: outInterfaces.length > 0 ? BY_INTERFACE : HOW } }]
    }
    if (verdict === 'elsewhere' || !pinExemptions) return [{ destination, target: { to: 'return' } }]
    return [
      { destination, isDnat: true, target: { to: 'return' } },
      { destination, target: { to: 'accept' } },
    ]
  })
}

/**
 * The rules for destinations that are treated in a special way. There are few of them, so they need no chain of their
 * own.
 */
function specialRules(policy: Policy, destination: Prefix, snatTo: Range | undefined): Rule[] {
  const how = translationRules(policy, snatTo)
  if (policy.outInterfaces.length === 0) return how.map((rule) => ({ ...rule, destination }))
  return [
    ...byInterface(policy).flatMap(({ out }) =>
      how.map((rule) => ({ ...rule, ...(out && { out }), destination })),
    ),
    { destination, target: { to: 'return' } },
  ]
}

function byInterface({ outInterfaces }: Policy): Rule[] {
  const byName = new Map(outInterfaces.map((one) => [`${one.name}${one.isWildcard ? '+' : ''}`, one]))
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, out]) => ({ out, target: { to: 'goto', chain: HOW } }))
}

/** The rules that masquerade; for protocols with ports there is one for each port range. */
export function translationRules(
  { toPorts, fullyRandom }: Pick<Policy, 'toPorts' | 'fullyRandom'>,
  snatTo: Range | undefined,
): Rule[] {
  const target = (ports?: { readonly ports: (typeof toPorts)[number] }): Target =>
    snatTo
      ? { to: 'snat', source: snatTo, ...ports, fullyRandom }
      : { to: 'masquerade', ...ports, fullyRandom }
  const withPorts = ['tcp', 'udp', 'sctp'].flatMap((protocol) =>
    toPorts.map((ports, i): Rule => {
      const [own, of] = [countPorts([ports]), countPorts(toPorts.slice(i))]
      return { protocol, ...(own < of && { probability: own / of }), target: target({ ports }) }
    }),
  )
  return [...withPorts, { target: target() }]
}

/** The chains that a policy may have, from the name of its first one. */
export function chainsOfPolicy(name: string): string[] {
  return STAND_INS.map((standIn) => nameOf(standIn, name.slice(policyPrefix.length)))
}

/**
 * The name that a policy's chains should have, computed from their rules as `-S` prints them. `name` is the one that its
 * first chain has.
 */
export function nameOfRules(chains: ReadonlyMap<string, readonly string[]>, name: string): string {
  const suffix = name.slice(policyPrefix.length)
  const found = chainsOfPolicy(name).flatMap((chain) => {
    const rules = chains.get(chain)
    return rules ? [rules.map((rule) => rule.replace(`-${suffix}`, ''))] : []
  })
  return nameOf(FIRST, hashOf(found))
}

/** Whether a name is that of a chain that policies may have, for tidying up. */
export function isPolicyChain(name: string): boolean {
  return STAND_INS.some((standIn) => name.startsWith(`${standIn}-`))
}
