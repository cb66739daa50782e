import type { CniError } from '../../cni/error'
import type { Policy } from '../../policy/policy'
import type { Carrier } from './carrier'
import { toError } from './failure'
import { setUpPolicy, setUpTable } from './set-up'

/**
 * The error with which the kernel would refuse the rules of these policies, all of them: it may have nf_tables and lack a
 * part that our rules need (NAT in the family inet before 5.2, or a module). Undefined where it would take them, or where
 * nobody can tell. Nothing is changed.
 */
export function refusalOf(carrier: Carrier, policies: readonly Policy[]): CniError | undefined {
  const outcome = carrier.check([...setUpTable(), ...policies.flatMap((policy) => setUpPolicy(policy))])
  if (outcome.ok || !['unsupported', 'unusable', 'refused'].includes(outcome.failure)) return undefined
  return toError(carrier, 'install the rules', outcome)
}
