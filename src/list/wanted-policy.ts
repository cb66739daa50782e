import { policyChainName } from '../backend/iptables/policy-chains'
import { policyName } from '../backend/nftables/policy-name'
import type { Family } from '../policy/address'
import type { Policy } from '../policy/policy'
import type { ListedPolicy } from './policies'

/**
 * Whether the rules do what is wanted. `families` are those that the attachment has addresses of: a chain of iptables
 * is for one family and shows nothing about the other. Many pods have the same policy, so the answer is kept.
 */
export function isWantedPolicy(listed: ListedPolicy, wanted: Policy, families: readonly Family[]): boolean {
  const key = `${listed.name} ${families.join(' ')}`
  const known = answers.get(wanted)
  const answer = known?.get(key)
  if (answer !== undefined) return answer
  const made = compare(listed, wanted, families)
  answers.set(wanted, (known ?? new Map()).set(key, made))
  return made
}

const answers = new WeakMap<Policy, Map<string, boolean>>()

function compare(
  { chains, isAsNamed, policy, families: own }: ListedPolicy,
  wanted: Policy,
  families: readonly Family[],
): boolean {
  const has = (name: string) => isAsNamed && chains.includes(name)
  if (has(policyName(wanted))) return true
  if (families.every((family) => has(policyChainName(wanted, family)))) return true
  // Another release may have given the same rules another name.
  return policy !== undefined && policyName(policy) === policyName(onlyIn(wanted, own))
}

function onlyIn(policy: Policy, families: readonly Family[]): Policy {
  const { ip, ip6 } = policy.families
  return {
    ...policy,
    families: {
      ...(ip && families.includes('ip') && { ip }),
      ...(ip6 && families.includes('ip6') && { ip6 }),
    },
  }
}
