import type { Policy } from '../../policy/policy'
import { type Range, rangesIn } from '../../policy/range'
import type { Difference } from './difference'
import { BASE_CHAIN } from './layout'
import { hasLayout, wrongMaps } from './outdated'
import { policyObjects } from './policy-objects'
import { isSame } from './same'
import { DISPATCH_RULES, MAPS } from './set-up'
import {
  type Foreign,
  type FoundSet,
  findChain,
  findMap,
  findSet,
  HOOK,
  type Line,
  type SetType,
  type Table,
} from './table'

/** Compares the table as it is with the table as we would set it up, apart from the elements of maps. */

/** Whether everything that all policies need exists and is right, so that none of it has to be set up. */
export function isWhole(table: Table): boolean {
  return (
    MAPS.every(({ name }) => findMap(table, name)) &&
    wrongMaps(table).length === 0 &&
    hasLayout(table) &&
    compareHook(table).length === 0
  )
}

export function compareHook(table: Table): Difference[] {
  const expected: Line[] = [HOOK, { do: 'policy', verdict: 'accept' }, ...DISPATCH_RULES]
  return [
    ...(table.isDormant ? [{ is: 'dormant' } as const] : []),
    ...compareChain(table, BASE_CHAIN, expected),
  ]
}

/** A base chain in our table that is not ours could decide before our chain. */
export function foreignHooks({ chains }: Table): Difference[] {
  return chains
    .filter(({ name, lines }) => name !== BASE_CHAIN && lines.some((line) => line.do === 'hook'))
    .map(({ name }) => ({ is: 'foreign-hook', chain: name }))
}

/** `name` is the chain's own name, which is not always the one that we would give the policy. */
export function comparePolicy(table: Table, policy: Policy, name: string): Difference[] {
  const { sets, chains } = policyObjects(policy, name)
  const wrong = wrongSets(table, policy, name)
  return [
    ...chains.flatMap((chain) => compareChain(table, chain.name, chain.rules)),
    ...wrong.map((one) => ({ is: 'another-type', kind: 'set', name: one.name }) as const),
    ...sets.flatMap((set): Difference[] => {
      if (wrong.some((one) => one.name === set.name)) return []
      const found = findSet(table, set.name)
      if (!found) return [{ is: 'missing', kind: 'set', name: set.name }]
      return compareRanges(set.name, rangesIn(set.ranges), found.elements)
    }),
  ]
}

/** Sets that have the name of one of a policy's sets, but another type or other flags: somebody made them by hand. */
export function wrongSets(table: Table, policy: Policy, name: string): FoundSet[] {
  return policyObjects(policy, name).sets.flatMap((set) => {
    const type: SetType = { key: set.family, flags: ['interval'] }
    return table.sets.filter((found) => found.name === set.name && !isSame(found.type, type))
  })
}

function compareChain(table: Table, chain: string, expected: readonly Line[]): Difference[] {
  const found = findChain(table, chain)?.lines
  if (!found) return [{ is: 'missing', kind: 'chain', name: chain }]
  if (isSame(expected, found)) return []
  const differences = [
    ...without(expected, found).map((line) => ({ is: 'missing-line', chain, line }) as const),
    ...without(found, expected).map((line) => ({ is: 'unexpected-line', chain, line }) as const),
  ]
  return differences.length > 0 ? differences : [{ is: 'reordered', chain }]
}

/** The lines of `a` that `b` lacks; if `a` has a line twice and `b` once, it is lacking once. */
function without(a: readonly Line[], b: readonly Line[]): Line[] {
  const rest = [...b]
  return a.filter((line) => {
    const at = rest.findIndex((other) => isSame(other, line))
    if (at >= 0) rest.splice(at, 1)
    return at < 0
  })
}

/** No two ranges of a set begin at the same address. */
function compareRanges(
  set: string,
  expected: readonly Range[],
  found: readonly (Range | Foreign)[],
): Difference[] {
  const foreign = found.flatMap((one) => ('text' in one ? [one] : []))
  const ranges = found.flatMap((one) => ('text' in one ? [] : [one]))
  return [
    ...lackingRanges(expected, ranges).map((range) => ({ is: 'missing-range', set, range }) as const),
    ...[...lackingRanges(ranges, expected), ...foreign].map(
      (range) => ({ is: 'unexpected-range', set, range }) as const,
    ),
  ]
}

/** The ranges of `a` that `b` lacks. */
function lackingRanges(a: readonly Range[], b: readonly Range[]): Range[] {
  const ends = new Map(b.map(({ first, end }) => [first, end]))
  return a.filter(({ first, end }) => ends.get(first) !== end)
}
