import { FAMILY_NAMES } from '../../policy/address'
import type { Policy } from '../../policy/policy'
import { BASE_CHAIN, layoutChain, OWNERS, POD_MAPS, policyName, setUpObjects } from './layout'
import { policyObjects } from './policy-objects'
import type { Operation, Rule, Transaction } from './transaction'

/** The base chain's rules, in order. */
export const DISPATCH: readonly Rule[] = FAMILY_NAMES.map((family) => ({
  do: 'dispatch',
  family,
  map: POD_MAPS[family],
}))

/**
 * Table, maps and base chain. May run any number of times and beside others: what is absent is added, and what could
 * be doubled (rules) is flushed in the same transaction. `older` names chains of another layout to take away first: a
 * base chain cannot change its hook in place, and the marker of an older layout goes when the newer one comes.
 */
export function setUpTable(older: readonly string[] = []): Transaction {
  return [
    { do: 'add-table' },
    { do: 'add-map', name: OWNERS, key: 'ip6', value: 'ip6' },
    ...FAMILY_NAMES.map(
      (family): Operation => ({ do: 'add-map', name: POD_MAPS[family], key: family, value: 'verdict' }),
    ),
    ...older.flatMap(deleteChain),
    { do: 'add-chain', name: layoutChain },
    { do: 'add-base-chain', name: BASE_CHAIN },
    { do: 'flush-chain', name: BASE_CHAIN },
    ...DISPATCH.map((rule): Operation => ({ do: 'add-rule', chain: BASE_CHAIN, rule })),
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

/** A policy that nothing goes to any more. Refused ("busy") when an ADD has just begun to use it. */
export function deletePolicy({ sets, chains }: PolicyNames): Transaction {
  return [
    ...chains.flatMap(({ name }): Operation[] => [{ do: 'flush-chain', name }]),
    ...chains.map(({ name }): Operation => ({ do: 'delete-chain', name })),
    ...sets.map(({ name }): Operation => ({ do: 'delete-set', name })),
  ]
}

/** One policy, as `setUpTable`. */
export function setUpPolicy(policy: Policy): Transaction {
  return setUpObjects(policyObjects(policy, policyName(policy)))
}
