import type { Wanted } from '../backend'
import { comparePolicy, wrongSets } from './compare-structure'
import { wordDifference } from './difference'
import { policyOf } from './layout'
import { policyName } from './policy-name'
import { setUpPolicy } from './set-up'
import type { TableState } from './table-state'
import type { Transaction } from './transaction'

export interface SetUp {
  readonly transaction: Transaction
  readonly repairs: readonly string[]
}

/**
 * Policies that are missing or altered. One that only changes its pods' list counts as a change of the pods, not as a
 * repair.
 */
export function planPolicies({ table, addresses }: TableState, wanted: readonly Wanted[]): SetUp {
  const policies = new Map(wanted.map(({ policy }) => [policyName(policy), policy]))
  const drifted = [...policies].map(([name, policy]) => ({
    name,
    policy,
    wrong: wrongSets(table, policy, name),
    differences: comparePolicy(table, policy, name),
  }))
  const hadPods = (name: string) => addresses.some(({ verdict }) => policyOf(verdict) === name)
  return {
    transaction: drifted.flatMap(({ policy, wrong, differences }) =>
      differences.length > 0 ? setUpPolicy(policy, wrong) : [],
    ),
    repairs: drifted.flatMap(({ name, differences }) =>
      hadPods(name) ? differences.map(wordDifference) : [],
    ),
  }
}
