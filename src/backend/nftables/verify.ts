import { CniError } from '../../cni/error'
import { type Address, formatAddress, isSameAddress } from '../../policy/address'
import type { Policy } from '../../policy/policy'
import { formatRange, parsePrintedRange } from '../../policy/range'
import type { Wanted } from '../backend'
import type { Carrier } from './carrier'
import { ATTACHMENTS, BASE_CHAIN, goTo, OWNERS, POD_MAPS, policyName } from './layout'
import { hasLayout, wrongMaps } from './outdated'
import { ownerTest } from './owner'
import { policyObjects } from './policy-objects'
import { type AttachmentState, readAttachment } from './read-attachment'
import { HOOK, normaliseRule, renderRule, TABLE } from './render'
import { DISPATCH } from './set-up'
import { inSlotOrder } from './slots'
import { type Block, elementsOf, exists, hasObject } from './table-state'

const ACTION = 'check the rules'

/** So often at most: two reads that find the same are believed. */
const MOST_READS = 10

/**
 * CHECK compares what an ADD of now would write with what is there: the attachment's own elements, by key, the base chain,
 * and one policy. The parts may be of different moments, and on a busy node there are thousands of transactions in a
 * second. So a read that finds no difference is believed, and one that does is repeated until two agree. `warn` gets what
 * is strange and changes nothing for the pod.
 */
export function verify(carrier: Carrier, wanted: Wanted, warn: (line: string) => void = () => {}): string[] {
  if (wanted.addresses.length === 0) return []
  let previous: string | undefined
  for (let i = 0; i < MOST_READS; i++) {
    const { attachment, addresses, policy } = wanted
    const policies = [policyName(policy)]
    const state = readAttachment(carrier, { action: ACTION, attachment, addresses, policies })
    const differences = compare(state, wanted)
    const foreign = foreignHooks(state.structure.table)
    if (differences.length === 0) {
      for (const line of foreign) warn(line)
      return []
    }
    if (differences.join() === previous) return [...differences, ...foreign]
    previous = differences.join()
  }
  throw new CniError('tryAgain', `Cannot ${ACTION}: the ruleset changes too fast to be read; try again`)
}

function compare(state: AttachmentState, wanted: Wanted): string[] {
  if (!exists(state.structure)) return [`table ${TABLE}: missing`]
  const { table } = state.structure
  return [
    ...wrongMaps(table).map((name) => `map ${name}: another type than ours`),
    ...compareHook(table),
    ...comparePolicy(table, wanted.policy),
    ...wanted.addresses.flatMap((address) => compareAddress(state, wanted, address)),
    ...findSurplus(state, wanted),
    ...(hasLayout(table) ? compareSlots(state, wanted) : []),
  ]
}

/** Addresses that the attachment had at an earlier ADD, without a DEL in between. */
function findSurplus(state: AttachmentState, { attachment, addresses }: Wanted): string[] {
  const isOwn = ownerTest(attachment)
  return state.addresses
    .filter(
      ({ owner, address }) => owner && isOwn(owner) && !addresses.some((own) => isSameAddress(own, address)),
    )
    .map(({ address }) => `map ${OWNERS}: unexpected element ${formatAddress(address)}`)
}

/** What a DEL without prevResult goes by. */
function compareSlots({ slots }: AttachmentState, { addresses }: Wanted): string[] {
  const [found, expected] = [slots.addresses, inSlotOrder(addresses)].map((list) =>
    list.map(formatAddress).join(', '),
  )
  return found === expected
    ? []
    : [`map ${ATTACHMENTS}: has "${found}" for the attachment, not "${expected}"`]
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

function compareAddress(state: AttachmentState, wanted: Wanted, address: Address): string[] {
  const found = state.addresses.find((other) => isSameAddress(other.address, address))
  const text = formatAddress(address)
  const [map, verdict] = [`map ${POD_MAPS[address.family]}`, goTo(policyName(wanted.policy))]
  const differences: string[] = []
  if (found?.verdict === undefined) differences.push(`${map}: missing element ${text}`)
  else if (found.verdict !== verdict)
    differences.push(`${map}: the verdict of ${text} is "${found.verdict}", not "${verdict}"`)
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

/** nft prints a prefix of one address without its length, and ::/96 with a dotted quad. */
function normaliseRange(text: string): string {
  const range = parsePrintedRange(text)
  return range ? formatRange(range) : text
}
