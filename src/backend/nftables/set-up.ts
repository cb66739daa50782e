import { FAMILY_NAMES } from '../../policy/address'
import type { Policy } from '../../policy/policy'
import { type Range, rangesIn } from '../../policy/range'
import { ATTACHMENTS, BASE_CHAIN, layoutChain, OWNERS, POD_MAPS } from './layout'
import { policyName } from './policy-name'
import { policyObjects } from './policy-objects'
import type { FoundSet } from './table'
import type { Operation, Rule, Transaction } from './transaction'

type AddMap = Extract<Operation, { do: 'add-map' }>

/** The maps, each with its right type. */
export const MAPS: readonly AddMap[] = [
  { do: 'add-map', name: OWNERS, key: 'ip6', value: 'ip6' },
  ...FAMILY_NAMES.map(
    (family): AddMap => ({ do: 'add-map', name: POD_MAPS[family], key: family, value: 'verdict' }),
  ),
  { do: 'add-map', name: ATTACHMENTS, key: 'ip6', value: 'ip6', hasTimeout: true },
]

/** The base chain's rules, in order. */
export const DISPATCH_RULES: readonly Rule[] = FAMILY_NAMES.map((family) => ({
  do: 'dispatch',
  family,
  map: POD_MAPS[family],
}))

export interface Repairs {
  /**
   * Chains of another layout, which are deleted first: a base chain cannot change its hook in place, and the marker of an
   * older layout is deleted when the newer one is added.
   */
  readonly older?: readonly string[]
  /**
   * Maps of another type, which are deleted with all their elements, because their type cannot be changed in place
   * either.
   */
  readonly wrong?: readonly string[]
  /** The slots of attachments that have none. */
  readonly slots?: Transaction
  /** The slots may not be complete. An older layout then keeps its marker, so that a DEL goes on walking through `owners`. */
  readonly isIncomplete?: boolean
}

/**
 * Adds the table, the maps and the base chain. It may run any number of times, also in parallel: what is absent is added,
 * and rules, which would otherwise be there twice, are flushed in the same transaction.
 */
export function setUpTable({
  older = [],
  wrong = [],
  slots = [],
  isIncomplete = false,
}: Repairs = {}): Transaction {
  return [
    { do: 'add-table' },
    ...(wrong.length > 0 ? deleteMaps(wrong, older) : []),
    ...MAPS,
    ...older.filter((name) => !isIncomplete || name === BASE_CHAIN).flatMap(deleteChain),
    ...(isIncomplete ? [] : [{ do: 'add-chain', name: layoutChain } as const]),
    { do: 'add-base-chain', name: BASE_CHAIN },
    { do: 'flush-chain', name: BASE_CHAIN },
    ...DISPATCH_RULES.map((rule): Operation => ({ do: 'add-rule', chain: BASE_CHAIN, rule })),
    ...slots,
  ]
}

/** Deletes maps. The rules that look into them are deleted first. */
function deleteMaps(wrong: readonly string[], older: readonly string[]): Transaction {
  const mayBeAbsent = !older.includes(BASE_CHAIN)
  return [
    ...(mayBeAbsent ? [{ do: 'add-base-chain', name: BASE_CHAIN } as const] : []),
    { do: 'flush-chain', name: BASE_CHAIN },
    ...wrong.map((name): Operation => ({ do: 'delete-map', name })),
  ]
}

function deleteChain(name: string): Transaction {
  return [
    { do: 'flush-chain', name },
    { do: 'delete-chain', name },
  ]
}

interface PolicyNames {
  readonly sets: readonly { readonly name: string }[]
  readonly chains: readonly { readonly name: string }[]
}

/** Deletes a policy that nothing leads to any more. Refused ("busy") when an ADD has just begun to use it. */
export function deletePolicy({ sets, chains }: PolicyNames): Transaction {
  return [
    ...chains.flatMap(({ name }): Operation[] => [{ do: 'flush-chain', name }]),
    ...chains.map(({ name }): Operation => ({ do: 'delete-chain', name })),
    ...sets.map(({ name }): Operation => ({ do: 'delete-set', name })),
  ]
}

/**
 * Sets one policy up. What would be there twice or is out of date is flushed in the same transaction. `wrong` sets have
 * the name of one of its sets but another type, which cannot be changed in place; the rules that look into them are
 * deleted first.
 */
export function setUpPolicy(policy: Policy, wrong: readonly FoundSet[] = []): Transaction {
  const { sets, chains } = policyObjects(policy, policyName(policy))
  const inTheWay = wrong.length === 0 ? [] : chains
  return [
    ...inTheWay.flatMap(({ name }): Operation[] => [
      { do: 'add-chain', name },
      { do: 'flush-chain', name },
    ]),
    ...wrong.map(
      ({ name, type }): Operation => ({ do: type.value === undefined ? 'delete-set' : 'delete-map', name }),
    ),
    ...sets.flatMap((set): Operation[] => [
      { do: 'add-set', name: set.name, key: set.family },
      { do: 'flush-set', name: set.name },
      ...addRanges(set.name, rangesIn(set.ranges)),
    ]),
    ...chains.flatMap((chain): Operation[] => [
      { do: 'add-chain', name: chain.name },
      { do: 'flush-chain', name: chain.name },
    ]),
    ...chains.flatMap((chain) =>
      chain.rules.map((rule): Operation => ({ do: 'add-rule', chain: chain.name, rule })),
    ),
  ]
}

/** nft has no syntax for an empty list of elements. */
function addRanges(set: string, ranges: readonly Range[]): Operation[] {
  if (ranges.length === 0) return []
  return [{ do: 'add-elements', set, elements: ranges.map((range) => ({ range })) }]
}
