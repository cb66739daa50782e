import type { Address } from '../../policy/address'
import { includesAddress, type Prefix, parsePrefix } from '../../policy/prefix'
import { DISPATCH, dispatchRule, HOOK, JUMP } from './layout'
import { renderRule } from './render'
import { foreignDispatches, type State } from './state'
import { makeTombstoneChains } from './tombstones'
import type { Operation, Transaction } from './transaction'

/** How a packet gets to the rules of its pod: the jump, and the chain that it leads to. */

const TEXT = renderRule(JUMP)

/** Rules that masquerade only packets that were marked before, or that decide nothing. */
const HARMLESS = / ?-[jg] (?:KUBE-POSTROUTING|CNI-HOSTPORT-MASQ|(?:LOG|NFLOG|MARK|CONNMARK)(?: .*)?)$/

/** The rules before our jump that may have the last word on packets from these addresses. */
function rulesBefore({ hook }: State, addresses: readonly Address[]): string[] {
  const before = hook.slice(0, Math.max(0, hook.indexOf(TEXT)))
  return before.filter((rule) => !HARMLESS.test(rule) && mayMatch(rule, addresses))
}

/**
 * Whether a rule may match one of the addresses. A rule that names a source, as docker's "-s 172.17.0.0/16 ! -o docker0",
 * matches no other.
 */
function mayMatch(rule: string, addresses: readonly Address[]): boolean {
  const source = /^-s (\S+)/.exec(rule)?.[1]
  const prefix = source === undefined ? undefined : prefixOrNone(source)
  return addresses.some((address) => prefix === undefined || includesAddress(prefix, address))
}

function prefixOrNone(text: string): Prefix | undefined {
  try {
    return parsePrefix(text)
  } catch {
    return undefined
  }
}

export function compareHook(state: State, addresses: readonly Address[]): string[] {
  const jump = state.hook.includes(TEXT)
    ? rulesBefore(state, addresses).map((rule) => `chain ${HOOK}: "${rule}" comes before "${TEXT}"`)
    : [`chain ${HOOK}: missing rule "${TEXT}"`]
  const foreign = foreignDispatches(state).map((rule) => `chain ${DISPATCH}: unexpected rule "${rule}"`)
  return [...jump, ...foreign]
}

/** Whether the jump is there twice, as after two first ADDs at the same moment. It does no harm, and is no drift. */
export function isJumpDoubled({ hook }: State): boolean {
  return hook.filter((rule) => rule === TEXT).length > 1
}

export function isHooked({ chains, hook }: State): boolean {
  return chains.has(DISPATCH) && hook.includes(TEXT)
}

/**
 * Adds what is missing of the shared chains, and removes what is too much. The jump is the first rule, before others that
 * masquerade; it is moved back there when somebody has put such a rule before it. Rules of others in our chain are
 * removed, because they would decide about our pods. The returned `state` is the state after the transaction.
 */
export function setUpTable(state: State): { readonly transaction: Transaction; readonly state: State } {
  const operations: Operation[] = []
  // A DEL makes the tombstones' chains where an older version left them out.
  if (!state.chains.has(DISPATCH)) {
    operations.push({ do: 'new-chain', chain: DISPATCH }, ...makeTombstoneChains(state))
  }
  const jumps = state.hook.filter((rule) => rule === TEXT).length
  const all = state.addresses.map(({ address }) => address)
  if (jumps !== 1 || rulesBefore(state, all).length > 0) {
    for (let i = 0; i < jumps; i++) operations.push({ do: 'delete-rule', chain: HOOK, rule: JUMP })
    operations.push({ do: 'insert', chain: HOOK, rule: JUMP })
  }
  if (foreignDispatches(state).length === 0) return { transaction: operations, state }
  const dispatched = state.addresses.filter(({ dispatches }) => dispatches > 0)
  const addresses = state.addresses.map((one) => ({ ...one, dispatches: Math.min(1, one.dispatches) }))
  return {
    transaction: [
      ...operations,
      { do: 'flush-chain', chain: DISPATCH },
      ...dispatched.map(({ address }): Operation => {
        return { do: 'append', chain: DISPATCH, rule: dispatchRule(address) }
      }),
    ],
    state: { ...state, addresses },
  }
}
