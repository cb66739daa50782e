import type { Family } from '../../policy/address'
import type { Policy } from '../../policy/policy'
import { deleteChain, setUpPolicy } from './layout'
import { type Iptables, runTransaction } from './tool'
import type { Rule } from './transaction'

/**
 * What iptables and the kernel can do is found by trying, and only after a refusal: its phrases differ by kind and
 * version, lists of modules do not show what is built in, and what can be loaded is loaded by use.
 */
const TRIAL = 'IPM-TRIAL'

/** In a chain that the same restore makes and takes away again. */
export function isAccepted(iptables: Iptables, family: Family, rule: Rule): boolean {
  return runTransaction(iptables, family, [
    { do: 'clear-chain', chain: TRIAL },
    { do: 'append', chain: TRIAL, rule },
    ...deleteChain(TRIAL),
  ]).ok
}

export function hasComments(iptables: Iptables, family: Family): boolean {
  return isAccepted(iptables, family, { comment: 'trial', target: { to: 'return' } })
}

/** Its rules are accepted, and stand: whatever is refused besides is what others do to the same chains. */
export function isSetUp(iptables: Iptables, family: Family, policy: Policy): boolean {
  return runTransaction(iptables, family, setUpPolicy(policy, family)).ok
}
