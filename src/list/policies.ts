import type { Inspection, LiveAttachment, LivePolicy, LiveRule, PlaceName } from '../backend/inspection'
import { policyName } from '../backend/nftables/policy-name'
import type { Family } from '../policy/address'
import type { FamilyPolicy, Policy } from '../policy/policy'

/** A policy as an operator sees it: one for both families, in whichever places its rules are. */
export interface ListedPolicy {
  /** Short, and the same on every node: `masquerade-5be1`. */
  readonly name: string
  readonly places: readonly PlaceName[]
  /** The chains that pods are sent to. */
  readonly chains: readonly string[]
  /** The families that its rules are for. */
  readonly families: readonly Family[]
  /** Absent if somebody changed the rules, so that they are no policy of ours. */
  readonly policy?: Policy
  /** Whether the chains' names match their rules. */
  readonly isAsNamed: boolean
  /** The rules that are there instead, one line each. */
  readonly foreign: readonly string[]
}

export interface ListedPolicies {
  /** In the order of their names, including those that no pod uses. */
  readonly all: readonly ListedPolicy[]
  /** Undefined if no rule of the attachment leads to a policy. */
  readonly of: (attachment: Pick<LiveAttachment, 'place' | 'rules'>) => ListedPolicy | undefined
}

/** Chains of one or both families that the same pods are sent to. */
interface Draft {
  readonly digest: string
  readonly parts: readonly LivePolicy[]
  readonly policy: Policy | undefined
}

/** Joins the two chains that iptables has for a policy, and gives each policy a name. */
export function listPolicies({ attachments, strays, policies }: Inspection): ListedPolicies {
  const found = new Map(policies.flatMap((one) => one.families.map((family) => [keyOf(one, family), one])))
  const drafts = new Map<string, Draft>()
  const used = new Set<LivePolicy>()
  const ruled = [...attachments, ...strays.map((stray) => ({ place: stray.place, rules: [stray] }))]
  for (const { place, rules } of ruled) {
    const key = keyOfRules(place, rules)
    if (key === '' || drafts.has(key)) continue
    const parts = [...new Set(rules.flatMap((rule) => partOf(found, place, rule)))]
    for (const part of parts) used.add(part)
    if (parts.length > 0) drafts.set(key, draftOf(parts))
  }
  const unused = policies.filter((one) => !used.has(one)).map((one) => draftOf([one]))
  const byDigest = nameDrafts([...drafts.values(), ...unused])
  return {
    all: [...byDigest.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    of: ({ place, rules }) => byDigest.get(drafts.get(keyOfRules(place, rules))?.digest ?? ''),
  }
}

function keyOf({ place, name }: Pick<LivePolicy, 'place' | 'name'>, family: Family): string {
  return `${place} ${family} ${name}`
}

/** Pods with the same key have the same rules. */
function keyOfRules(place: PlaceName, rules: readonly LiveRule[]): string {
  const [first, second] = rules
  if (first?.policy !== undefined && second === undefined)
    return `${place} ${first.address.family} ${first.policy}`
  const texts: string[] = []
  for (const { address, policy } of rules) {
    const text = policy && `${address.family} ${policy}`
    if (text && !texts.includes(text)) texts.push(text)
  }
  return texts.length === 0 ? '' : `${place} ${texts.sort().join(' ')}`
}

function partOf(
  found: ReadonlyMap<string, LivePolicy>,
  place: PlaceName,
  { address, policy: name }: LiveRule,
): LivePolicy[] {
  const one = name === undefined ? undefined : found.get(keyOf({ place, name }, address.family))
  return one ? [one] : []
}

function draftOf(parts: readonly LivePolicy[]): Draft {
  const policy = merge(parts)
  const digest = policy ? policyName(policy).slice('policy-'.length) : parts.map(({ name }) => name).join(' ')
  return { digest, parts, policy }
}

/** Each part is for other families, or for all of them. */
function merge(parts: readonly LivePolicy[]): Policy | undefined {
  const policies = parts.flatMap(({ policy }) => policy ?? [])
  if (policies.length < parts.length) return undefined
  const [common] = [...policies].sort((a, b) => countFamilies(b) - countFamilies(a))
  if (!common) return undefined
  const families: { [F in Family]?: FamilyPolicy } = {}
  for (const one of policies) Object.assign(families, one.families)
  return { ...common, families }
}

function countFamilies({ families }: Policy): number {
  return Object.keys(families).length
}

/** The least number of digits of the digest in a name. */
const DIGITS = 4

function nameDrafts(drafts: readonly Draft[]): Map<string, ListedPolicy> {
  const groups = new Map<string, Draft[]>()
  for (const draft of drafts) groups.set(draft.digest, [...(groups.get(draft.digest) ?? []), draft])
  const shorts = [...groups.keys()].map((digest) => shortOf(digest, DIGITS))
  const digits = new Set(shorts).size < shorts.length ? 2 * DIGITS : DIGITS
  return new Map(
    [...groups].map(([digest, group]) => {
      const parts = group.flatMap((one) => one.parts)
      const { policy } = group[0] ?? {}
      return [
        digest,
        {
          name: `${verbOf(policy)}-${shortOf(digest, digits)}`,
          places: distinct(parts.map(({ place }) => place)),
          chains: distinct(parts.map(({ name }) => name)),
          families: distinct(parts.flatMap(({ families }) => families)),
          ...(policy && { policy }),
          isAsNamed: parts.every((part) => part.isAsNamed),
          foreign: distinct(parts.flatMap(({ foreign }) => foreign)),
        },
      ]
    }),
  )
}

/** If there is no policy, the name of a chain is the digest. */
function shortOf(digest: string, digits: number): string {
  return digest.replace(/^(?:policy-|IPM-P-)/, '').slice(0, digits)
}

function verbOf(policy: Policy | undefined): string {
  if (!policy) return 'altered'
  const families = Object.values(policy.families)
  if (families.length === 0) return 'none'
  return families.some(({ snatTo, special }) => snatTo || special?.some((one) => one.snatTo))
    ? 'snat'
    : 'masquerade'
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)]
}
