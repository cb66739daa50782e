import type { Family } from '../../policy/address'
import type { Policy } from '../../policy/policy'
import { deleteChain } from './layout'
import { policyChains, policyPrefix } from './policy-chains'
import { type Iptables, runTransaction } from './tool'
import type { Operation, Rule } from './transaction'

/**
 * What iptables and the kernel can do is found by trying, and only after a refusal: its phrases differ by kind and
 * version, lists of modules do not show what is built in, and what can be loaded is loaded by use.
 */
const TRIAL = `${policyPrefix}trial`

/**
 * In a chain that the same restore makes and takes away again; what is left of one is a policy without pods to GC. Only a
 * refusal proves that something is missing: a trial that was killed or found the lock held says nothing.
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

/** Their rules are accepted: whatever is refused besides is what others do to the same chains. */
export function arePoliciesAccepted(
  iptables: Iptables,
  family: Family,
  policies: readonly Policy[],
): boolean {
  return areAccepted(iptables, family, rulesOf(policies, family))
}

/** Those that lead to chains of the policy are like any other but for that. */
export function rulesOf(policies: readonly Policy[], family: Family): Rule[] {
  return [...new Set(policies)].flatMap((policy) =>
    policyChains(policy, family).flatMap(({ rules }) =>
      rules.map((rule) => ('chain' in rule.target ? { ...rule, target: { to: 'return' } as const } : rule)),
    ),
  )
}
