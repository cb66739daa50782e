import { type Address, formatAddress, isSameAddress } from '../../policy/address'
import type { Policy } from '../../policy/policy'
import { formatRange, parsePrintedRange } from '../../policy/range'
import type { Wanted } from '../backend'
import type { Carrier } from './carrier'
import { BASE_CHAIN, OWNERS, POD_MAPS, policyName } from './layout'
import { ownerTest } from './owner'
import { policyObjects } from './policy-objects'
import { HOOK, normaliseRule, renderRule, TABLE } from './render'
import { DISPATCH } from './set-up'
import { type Block, elementsOf, exists, readTable, type TableState } from './table-state'

/** CHECK: one listing of our own table, compared with what an ADD of now would write. */
export function verify(carrier: Carrier, wanted: Wanted): string[] {
  if (wanted.addresses.length === 0) return []
  const state = readTable(carrier, 'check the rules', {
    policies: [policyName(wanted.policy)],
    isAtOnce: true,
  })
  if (!exists(state)) return [`table ${TABLE}: missing`]
  return [
    ...compareHook(state.table),
    ...foreignHooks(state.table),
    ...comparePolicy(state.table, wanted.policy),
    ...wanted.addresses.flatMap((address) => compareAddress(state, wanted, address)),
    ...findSurplus(state, wanted),
  ]
}

/** Addresses that the attachment had at an earlier ADD, without a DEL in between. */
function findSurplus(state: TableState, { attachment, addresses }: Wanted): string[] {
  const isOwn = ownerTest(attachment)
  return state.addresses
    .filter(
      ({ owner, address }) => owner && isOwn(owner) && !addresses.some((own) => isSameAddress(own, address)),
    )
    .map(({ address }) => `map ${OWNERS}: unexpected element ${formatAddress(address)}`)
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

function compareAddress(state: TableState, wanted: Wanted, address: Address): string[] {
  const found = state.addresses.find((other) => isSameAddress(other.address, address))
  const text = formatAddress(address)
  const [map, chain] = [`map ${POD_MAPS[address.family]}`, policyName(wanted.policy)]
  const differences: string[] = []
  if (!found?.goto) differences.push(`${map}: missing element ${text}`)
  else if (found.goto !== chain) differences.push(`${map}: ${text} goes to ${found.goto}, not to ${chain}`)
  if (!found?.owner) differences.push(`map ${OWNERS}: missing element ${text}`)
  else if (!ownerTest(wanted.attachment)(found.owner)) {
    differences.push(
      `map ${OWNERS}: ${text} belongs to another attachment (${found.comment ?? 'no comment'})`,
    )
  }
  return differences
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

function hasObject(table: Block, head: string): boolean {
  return table.blocks.some((block) => block.head === head)
}

/** nft prints a prefix of one address without its length, and ::/96 with a dotted quad. */
function normaliseRange(text: string): string {
  const range = parsePrintedRange(text)
  return range ? formatRange(range) : text
}
