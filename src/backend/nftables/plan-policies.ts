import type { Policy } from '../../policy/policy'
import type { Wanted } from '../backend'
import { comparePolicy } from './compare-structure'
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

/** A sync asks for the names of a few policies thousands of times. */
const names = new WeakMap<Policy, string>()

export function rememberedName(policy: Policy): string {
  const name = names.get(policy) ?? policyName(policy)
  names.set(policy, name)
  return name
}

/** Policies that are missing or altered; one that only changes its pods' list is no repair but their change. */
export function planPolicies({ table, addresses }: TableState, wanted: readonly Wanted[]): SetUp {
  const policies = new Map(wanted.map(({ policy }) => [rememberedName(policy), policy]))
  const drifted = [...policies].map(([name, policy]) => ({
    name,
    policy,
    differences: comparePolicy(table, policy, name),
  }))
  const hadPods = (name: string) => addresses.some(({ verdict }) => policyOf(verdict) === name)
  return {
    transaction: drifted.flatMap(({ policy, differences }) =>
      differences.length > 0 ? setUpPolicy(policy) : [],
    ),
    repairs: drifted.flatMap(({ name, differences }) =>
      hadPods(name) ? differences.map(wordDifference) : [],
    ),
  }
}
