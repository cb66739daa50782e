import type { Family } from '../../policy/address'
import type { Policy } from '../../policy/policy'
import { deleteChain } from './layout'
import { policyChains, policyPrefix } from './policy-chains'
import { type Iptables, runTransaction } from './tool'
import type { Operation, Rule } from './transaction'

/**
 * Finds out by trying what iptables and the kernel can do, and only after a refusal. Its phrases differ by kind and
 * version, lists of modules do not show what is built in, and modules are loaded when they are used.
 */
const TRIAL = `${policyPrefix}trial`

/**
 * Tries rules in a chain that the same restore makes and deletes. If one is left behind, GC takes it for a policy without
 * pods. Only a refusal proves that something is missing: a trial that was killed or found the lock held proves nothing.
 */
export function areAccepted(iptables: Iptables, family: Family, rules: readonly Rule[]): boolean {
  const outcome = runTransaction(iptables, family, [
    { do: 'clear-chain', chain: TRIAL },
    ...rules.map((rule): Operation => ({ do: 'append', chain: TRIAL, rule })),
    ...deleteChain(TRIAL),
  ])
  return outcome.ok || outcome.failure !== 'refused'
}

export function hasComments(iptables: Iptables, family: Family): boolean {
  return areAccepted(iptables, family, [{ comment: 'trial', target: { to: 'return' } }])
}

/** Whether the rules of these policies are accepted. If so, a refusal comes from what others do to the same chains. */
export function arePoliciesAccepted(
  iptables: Iptables,
  family: Family,
  policies: readonly Policy[],
): boolean {
  return areAccepted(iptables, family, rulesOf(policies, family))
}

/**
 * The rules of policies, to be tried alone. A rule that leads to a chain of the policy gets a return instead, because it
 * is otherwise like any other.
 */
export function rulesOf(policies: readonly Policy[], family: Family): Rule[] {
  return [...new Set(policies)].flatMap((policy) =>
    policyChains(policy, family).flatMap(({ rules }) =>
      rules.map((rule) => ('chain' in rule.target ? { ...rule, target: { to: 'return' } as const } : rule)),
    ),
  )
}
