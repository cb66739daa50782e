import type { Family } from './address'
import type { Intent, PolicyIntent } from './intent'
import { longestMatches } from './longest-matches'
import type { FamilyPolicy, Special } from './policy'
import type { Prefixes } from './prefixes'
import { type Range, rangesIn } from './range'
import { allOf, subtract, union } from './range-sets'
import { formatEnds } from './range-text'

/**
 * Decides for several Windows policies in one family (docs/windows.md has the rule as a table). Each has its own
 * exceptions and destinations, and a destination is masqueraded if one of them masquerades it. If two do, a policy with
 * destinations comes first, then one with a source of its own in this family, then the one that is written first.
 */
export function decideSeveral(
  intent: Intent,
  {
    family,
    exempt,
    policies,
  }: {
    readonly family: Family
    readonly exempt: readonly Prefixes[]
    readonly policies: readonly PolicyIntent[]
  },
): FamilyPolicy {
  const inOrder = actingInOrder(family, policies)
  /** The masqueraded destinations, by the source that the packets get. */
  const ways = new Map<string, Special>()
  let masqueraded: Range[] = []
  let concerned: Range[] = []
  for (const { exceptions, destinations, snatTo: own } of inOrder) {
    const reach = destinations ? rangesIn(longestMatches(family, [destinations])) : allOf(family)
    const left = rangesIn(longestMatches(family, [...exempt, exceptions], intent.masqueradeCIDRs))
    const added = subtract(subtract(reach, left), masqueraded)
    const snatTo = own[family] ?? intent.snatTo[family]
    const way = snatTo ? formatEnds(snatTo) : ''
    const known = ways.get(way)?.destinations ?? []
    // The last policy has the largest part left, so its way becomes the way of the whole policy.
    ways.delete(way)
    if (added.length + known.length > 0) {
      ways.set(way, { ...(snatTo && { snatTo }), destinations: union(known, added) })
    }
    masqueraded = union(masqueraded, added)
    concerned = union(concerned, reach)
  }
  const special = [...ways.values()]
  const { snatTo } = special.pop() ?? {}
  return {
    exempt: subtract(concerned, masqueraded),
    ...(inOrder.every(hasDestinations) && { destinations: concerned }),
    ...(snatTo && { snatTo }),
    ...(special.length > 0 && { special }),
  }
}

/** The policies that act in a family, in order: the first one that masquerades a destination counts. */
export function actingInOrder<P extends PolicyIntent>(family: Family, policies: readonly P[]): P[] {
  const rankOf = (one: P) => (hasDestinations(one) ? 0 : one.snatTo[family] ? 1 : 2)
  return actingIn(family, policies).sort((a, b) => rankOf(a) - rankOf(b))
}

/**
 * The policies that act in a family. A dual-stack node has one for each family: a policy without destinations that names
 * no address of this family leaves it to those that do.
 */
export function actingIn<P extends PolicyIntent>(family: Family, policies: readonly P[]): P[] {
  const names = ({ exceptions, snatTo }: PolicyIntent) =>
    snatTo[family] !== undefined || exceptions.some((prefix) => prefix.family === family)
  const isNamed = policies.some((one) => !hasDestinations(one) && names(one))
  return policies.filter((one) => hasDestinations(one) || !isNamed || names(one))
}

function hasDestinations({ destinations }: PolicyIntent): boolean {
  return destinations !== undefined
}
