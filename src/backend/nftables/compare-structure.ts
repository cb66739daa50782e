import type { Policy } from '../../policy/policy'
import { formatRange, parsePrintedRange } from '../../policy/range'
import { BASE_CHAIN, policyName } from './layout'
import { hasLayout, wrongMaps } from './outdated'
import { policyObjects } from './policy-objects'
import { HOOK, normaliseRule, renderRule, TABLE } from './render'
import { DISPATCH, MAPS } from './set-up'
import { type Block, elementsOf, hasObject } from './table-state'

/** What differs between the table as it stands and the table as we would set it up, a line each; elements aside. */

/** Whether all that every policy needs is there, and as it should be: nothing of it has to be set up. */
export function isWhole(table: Block): boolean {
  return (
    MAPS.every(({ name }) => hasObject(table, `map ${name}`)) &&
    wrongMaps(table).length === 0 &&
    hasLayout(table) &&
    compareHook(table).length === 0
  )
}

/** A dormant table keeps its rules and hooks none of them. */
export function compareHook(table: Block): string[] {
  const isDormant = table.statements.some((statement) => /^flags .*\bdormant\b/.test(statement))
  const expected = [HOOK, 'policy accept', ...DISPATCH.map(renderRule)]
  return [
    ...(isDormant ? [`table ${TABLE}: dormant, so its chains are not hooked`] : []),
    ...compareChain(table, BASE_CHAIN, expected),
  ]
}

/** A base chain in our table that is not ours could decide before it. */
export function foreignHooks(table: Block): string[] {
  return table.blocks
    .filter(
      ({ head, statements }) =>
        head.startsWith('chain ') && statements.some((line) => /^type \S+ hook /.test(line)),
    )
    .filter(({ head }) => head !== `chain ${BASE_CHAIN}`)
    .map(({ head }) => `${head}: unexpected base chain`)
}

export function comparePolicy(table: Block, policy: Policy): string[] {
  const { sets, chains } = policyObjects(policy, policyName(policy))
  return [
    ...chains.flatMap(({ name, rules }) => compareChain(table, name, rules.map(renderRule))),
    ...sets.flatMap(({ name, ranges }) => {
      const head = `set ${name}`
      if (!hasObject(table, head)) return [`${head}: missing`]
      const found = elementsOf(table, head).map(normaliseRange)
      return compareLines(head, 'element', ranges.map(formatRange), found)
    }),
  ]
}

function compareChain(table: Block, name: string, expected: readonly string[]): string[] {
  const chain = table.blocks.find((block) => block.head === `chain ${name}`)
  if (!chain) return [`chain ${name}: missing`]
  // A rule with an anonymous set has a block of its own; none of ours has.
  const found = [...chain.statements, ...chain.blocks.map((block) => `${block.head} { ... }`)]
  return compareLines(`chain ${name}`, 'line', expected, found.map(normaliseRule))
}

function compareLines(
  where: string,
  what: 'line' | 'element',
  expected: readonly string[],
  found: readonly string[],
): string[] {
  const differences = [
    ...without(expected, found).map((line) => `${where}: missing ${what} "${line}"`),
    ...without(found, expected).map((line) => `${where}: unexpected ${what} "${line}"`),
  ]
  const isReordered = what === 'line' && expected.some((line, i) => line !== found[i])
  return differences.length === 0 && isReordered ? [`${where}: lines in another order`] : differences
}

/** The items of `a` that `b` lacks; one that `a` has twice and `b` once is lacking once. */
function without(a: readonly string[], b: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const item of b) counts.set(item, (counts.get(item) ?? 0) + 1)
  return a.filter((item) => {
    const count = counts.get(item) ?? 0
    counts.set(item, count - 1)
    return count <= 0
  })
}

/** nft prints a prefix of one address without its length, and ::/96 with a dotted quad. */
function normaliseRange(text: string): string {
  const range = parsePrintedRange(text)
  return range ? formatRange(range) : text
}
