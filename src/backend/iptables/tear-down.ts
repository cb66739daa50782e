import { FAMILY_NAMES } from '../../policy/address'
import { deleteChain, HOOK, JUMP } from './layout'
import { renderRule } from './render'
import { readStateIfAny } from './state'
import { type Iptables, runTransaction, toError } from './tool'
import type { Operation } from './transaction'

const ACTION = 'remove the rules'

/** Deletes all chains of ours and the jumps to them, in one restore for each family. */
export function tearDown(iptables: Iptables): void {
  for (const family of FAMILY_NAMES) {
    const { chains, hook } = readStateIfAny(iptables, family, ACTION)
    if (chains.size === 0) continue
    const names = [...chains.keys()]
    const outcome = runTransaction(iptables, family, [
      ...hook
        .filter((rule) => rule === renderRule(JUMP))
        .map((): Operation => ({ do: 'delete-rule', chain: HOOK, rule: JUMP })),
      // The chains are emptied first, because they lead to each other.
      ...names.map((chain): Operation => ({ do: 'flush-chain', chain })),
      ...names.flatMap(deleteChain),
    ])
    if (!outcome.ok) throw toError(ACTION, outcome)
  }
}
