import { type Address, addressOf } from '../../../policy/address'
import type { Host } from '../../backend'
import { mayChangeRules, NO_CAPABILITY } from '../../capabilities'
import type { Carrier, ElementKey, FoundElement, Layout, Outcome, QuickCarrier } from '../carrier'
import { MARK, NOWHERE } from '../elsewhere'
import { BASE_CHAIN, layoutChain, OWNERS } from '../layout'
import { mayNamePod } from '../pod-comment'
import { TABLE } from '../render'
import { DISPATCH_RULES } from '../set-up'
import type { Transaction } from '../transaction'
import { listTwice } from './list-twice'
import { parseGot, parseTable } from './listing'
import { ageNote, type NftOutcome, type NftProcess, runCheck, runGet, runList, runTransaction } from './nft'

/** Uses nft's own language, on the stdin of an nft process. */
export function textCarrier(nft: NftProcess, host: Host): Carrier & QuickCarrier {
  const list = <T>(what: string, parse: (text: string) => T): Outcome<T> =>
    mapOutcome(runList(nft, what), parse)
  const carrier: Carrier & QuickCarrier = {
    run: (transaction: Transaction) => mapOutcome(runTransaction(nft, transaction), () => undefined),
    check: (transaction) => mapOutcome(runCheck(nft, transaction), () => undefined),
    lookUp: (keys) => lookUp(nft, keys),
    readLayout: () => readLayout(nft),
    readStructure: (policies) => list(`table ${TABLE}`, (text) => parseTable(text, policies).table),
    readTable: (policies) => listTwice(nft, policies),
    findPod: (pod) => findPod(nft, pod),
    readOwners: () => listTwice(nft, []),
    // A listing would read all elements before it prints anything.
    isStanding: () =>
      stands(
        runCheck(nft, [
          { do: 'add-elements', set: OWNERS, elements: [{ key: NOWHERE, value: addressOf(MARK) }] },
          ...DISPATCH_RULES.map((rule) => ({ do: 'add-rule', chain: BASE_CHAIN, rule }) as const),
        ]),
      ),
    async probe() {
      const found = host.findTool('nft')
      if ('tried' in found) return [`nft cannot be started: ${found.tried.join(', ')}`]
      const isAllowed = mayChangeRules(host)
      if (isAllowed !== undefined) return isAllowed ? [] : [NO_CAPABILITY]
      const outcome = runList(nft, `map ${TABLE} ${OWNERS}`)
      return outcome.ok || outcome.failure === 'missing' ? [] : [outcome.said]
    },
    explainRefusal: () => `nft refused the request${ageNote(nft)}`,
    explainUnusable: () => 'nft could not be started; install nftables if it is missing',
    whole: async () => carrier,
  }
  return carrier
}

/**
 * Looks all keys up with one run, which nearly always finds them all; else each key with its own run, because nft does
 * not show which one is absent.
 */
function lookUp(
  nft: NftProcess,
  keys: readonly ElementKey[],
): Outcome<readonly (FoundElement | undefined)[]> {
  if (keys.length === 0) return { ok: true, value: [] }
  const all = runGet(nft, keys)
  if (all.ok) return { ok: true, value: parseGot(all.stdout) }
  if (all.failure !== 'missing') return all
  if (keys.length === 1) return { ok: true, value: [undefined] }
  const found: (FoundElement | undefined)[] = []
  for (const key of keys) {
    const one = lookUp(nft, [key])
    if (!one.ok) return one
    found.push(one.value[0])
  }
  return { ok: true, value: found }
}

/** Lists the one map. A table or map that does not exist has no pods. */
function findPod(nft: NftProcess, pod: string): Outcome<readonly Address[]> {
  const listed = runList(nft, `map ${TABLE} ${OWNERS}`)
  if (!listed.ok) return listed.failure === 'missing' ? { ok: true, value: [] } : listed
  const { addresses } = parseTable(listed.stdout)
  return {
    ok: true,
    value: addresses.flatMap(({ address, comment = '' }) => (mayNamePod(comment, pod) ? [address] : [])),
  }
}

/** Uses `nft --check`, which changes nothing. */
function readLayout(nft: NftProcess): Outcome<Layout> {
  const current = stands(runCheck(nft, [{ do: 'flush-chain', name: layoutChain }]))
  if (!current.ok) return current
  if (!current.value) return { ok: true, value: { isCurrent: false, hasMark: false } }
  const mark = lookUp(nft, [{ set: OWNERS, key: NOWHERE }])
  if (!mark.ok) return mark
  return { ok: true, value: { isCurrent: current.value, hasMark: mark.value[0] !== undefined } }
}

function stands(outcome: NftOutcome): Outcome<boolean> {
  return !outcome.ok && outcome.failure === 'missing'
    ? { ok: true, value: false }
    : mapOutcome(outcome, () => true)
}

function mapOutcome<T>(outcome: NftOutcome, value: (stdout: string) => T): Outcome<T> {
  return outcome.ok ? { ok: true, value: value(outcome.stdout) } : outcome
}
