import { DISPATCH, HOOK, JUMP } from './layout'
import { renderRule } from './render'
import type { State } from './state'
import type { Operation, Transaction } from './transaction'

/** They masquerade only what they have marked before. */
const HARMLESS = ['-j KUBE-POSTROUTING', '-j CNI-HOSTPORT-MASQ']

const TEXT = renderRule(JUMP)

/** Rules before our jump that may have the last word. */
function rulesBefore({ hook }: State): string[] {
  const before = hook.slice(0, Math.max(0, hook.indexOf(TEXT)))
  return before.filter((rule) => !HARMLESS.some((end) => rule.endsWith(end)))
}

export function compareHook(state: State): string[] {
  if (!state.hook.includes(TEXT)) return [`chain ${HOOK}: missing rule "${TEXT}"`]
  return rulesBefore(state).map((rule) => `chain ${HOOK}: "${rule}" comes before "${TEXT}"`)
}

/**
 * What is missing of the skeleton. The jump is the first rule, before those who masquerade; it goes back there when
 * somebody has put such a rule before it, and is there once, also after two first ADDs at the same moment.
 */
export function setUpTable(state: State): Transaction {
  const operations: Operation[] = []
  if (!state.chains.has(DISPATCH)) operations.push({ do: 'new-chain', chain: DISPATCH })
  const jumps = state.hook.filter((rule) => rule === TEXT).length
  if (jumps === 1 && rulesBefore(state).length === 0) return operations
  for (let i = 0; i < jumps; i++) operations.push({ do: 'delete-rule', chain: HOOK, rule: JUMP })
  operations.push({ do: 'insert', chain: HOOK, rule: JUMP })
  return operations
}
