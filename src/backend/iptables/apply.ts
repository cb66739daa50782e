import { type Address, FAMILY_NAMES, type Family } from '../../policy/address'
import type { Applied, Wanted } from '../backend'
import { attachmentId } from '../identity'
import {
  addAttachment,
  addressChain,
  addressRow,
  DISPATCH,
  deleteChain,
  dispatchRule,
  HOOK,
  includes,
  JUMP,
  ofFamily,
  ownerChain,
  setUpPolicy,
} from './layout'
import { whyRefused } from './refusal'
import { readState, type State } from './state'
import { ATTEMPTS, type Iptables, type Outcome, runTransaction, toError } from './tool'
import type { Operation, Transaction } from './transaction'

const ACTION = 'install the rules'

/**
 * ADD, family by family: nearly always one restore that only adds. It is refused when the policy is missing (the first
 * pod, or a flush), when somebody holds an address, or when the attachment has rules already; then the table is read,
 * and one restore clears the way and adds.
 */
export function apply(iptables: Iptables, wanted: Wanted, epochSeconds: number): Applied {
  let tableWasMissing = false
  for (const family of FAMILY_NAMES) {
    const addresses = ofFamily(family, wanted.addresses)
    if (addresses.length === 0) continue
    const additions = additionsOf(wanted, family, epochSeconds)
    let outcome = runFirst(iptables, family, additions)
    for (let attempt = 0; attempt < ATTEMPTS && !outcome.ok && outcome.failure === 'refused'; attempt++) {
      const state = readState(iptables, family, ACTION)
      tableWasMissing ||= !state.chains.has(DISPATCH)
      const before = [
        ...setUpTable(state),
        ...setUpPolicy(wanted.policy, family),
        ...clearWay(state, wanted, addresses),
      ]
      outcome = runFirst(
        iptables,
        family,
        additions.map((addition) => [...before, ...addition]),
      )
    }
    if (!outcome.ok) throw whyRefused(iptables, family, { action: ACTION, wanted: [wanted], outcome })
  }
  return { tableWasMissing }
}

/**
 * An ADD that only adds, where the policy stands already: undefined where the first family refuses it, and then nothing
 * was changed.
 */
export function applyWherePolicyIs(
  iptables: Iptables,
  wanted: Wanted,
  epochSeconds: number,
): Applied | undefined {
  const [first, ...others] = FAMILY_NAMES.filter((family) => ofFamily(family, wanted.addresses).length > 0)
  if (!first) return { tableWasMissing: false }
  const outcome = runFirst(iptables, first, additionsOf(wanted, first, epochSeconds))
  if (!outcome.ok && (outcome.failure === 'locked' || outcome.failure === 'unknown'))
    throw toError(ACTION, outcome)
  if (!outcome.ok) return undefined
  const rest = wanted.addresses.filter(({ family }) => others.includes(family))
  return apply(iptables, { ...wanted, addresses: rest }, epochSeconds)
}

/** Without comments too: not all kernels and builds have them, and a refusal does not say what was missing. */
function additionsOf(wanted: Wanted, family: Family, epochSeconds: number): Transaction[] {
  const addresses = ofFamily(family, wanted.addresses)
  return [true, false].map((hasComments) =>
    addAttachment({ ...wanted, family, addresses, epochSeconds, hasComments }),
  )
}

/** Tries one after the other while they are refused. */
function runFirst(iptables: Iptables, family: Family, transactions: readonly Transaction[]): Outcome {
  const [first = [], ...others] = transactions
  let outcome = runTransaction(iptables, family, first)
  for (const other of others) {
    if (outcome.ok || outcome.failure !== 'refused') break
    outcome = runTransaction(iptables, family, other)
  }
  return outcome
}

/** What is missing of the skeleton; the jump is the first rule, before those who masquerade. */
export function setUpTable({ chains, hook }: State): Transaction {
  const operations: Operation[] = []
  if (!chains.has(DISPATCH)) operations.push({ do: 'new-chain', chain: DISPATCH })
  if (hook[0] === '-j IP-MASQ') return operations
  if (hook.includes('-j IP-MASQ')) operations.push({ do: 'delete-rule', chain: HOOK, rule: JUMP })
  operations.push({ do: 'insert', chain: HOOK, rule: JUMP })
  return operations
}

/** Takes away what stands in the way of `addAttachment`: stale holders of its addresses, and all of its own. */
function clearWay(state: State, { attachment }: Wanted, addresses: readonly Address[]): Transaction {
  const id = attachmentId(attachment)
  const isInWay = (address: Address, owner: string | undefined) =>
    includes(addresses, address) || owner === id
  const found = state.addresses.filter(({ address, owner }) => isInWay(address, owner))
  const operations: Operation[] = found.flatMap(({ address, isDispatched, hasChain }) =>
    takeDown(address, isDispatched, hasChain),
  )
  for (const owner of state.owners) {
    const lost = owner.addresses.filter((address) => includes(addresses, address) || owner.id === id)
    const isEmpty = lost.length === owner.addresses.length
    if (owner.id !== id && lost.length === 0) continue
    if (owner.id === id || isEmpty) operations.push(...deleteChain(ownerChain(owner.id)))
    else
      operations.push(
        ...lost.map(
          (address): Operation => ({
            do: 'delete-rule',
            chain: ownerChain(owner.id),
            rule: addressRow(address),
          }),
        ),
      )
  }
  return operations
}

/** The rules of one address, whoever holds it. */
export function takeDown(address: Address, isDispatched: boolean, hasChain: boolean): Transaction {
  return [
    ...(isDispatched ? [{ do: 'delete-rule', chain: DISPATCH, rule: dispatchRule(address) } as const] : []),
    ...(hasChain ? deleteChain(addressChain(address)) : []),
  ]
}
