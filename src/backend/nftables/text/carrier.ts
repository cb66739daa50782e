import type { Host } from '../../backend'
import { mayChangeRules, NO_CAPABILITY } from '../../capability'
import type { Carrier, Outcome } from '../carrier'
import { MARK, NOWHERE } from '../elsewhere'
import { BASE_CHAIN, OWNERS } from '../layout'
import { TABLE } from '../render'
import { DISPATCH } from '../set-up'
import { findOwned, hasMark, parseTable } from './listing'
import { ageNote, type NftOutcome, type NftProcess, runCheck, runList, runTransaction } from './nft'

/** nft's own language, on the stdin of an nft process. */
export function textCarrier(nft: NftProcess, host: Host): Carrier {
  const list = <T>(what: string, parse: (text: string) => T): Outcome<T> => then(runList(nft, what), parse)
  return {
    run: (transaction) => then(runTransaction(nft, transaction), () => undefined),
    readTable: () => list(`table ${TABLE}`, parseTable),
    readOwners: () => list(`map ${TABLE} ${OWNERS}`, parseTable),
    findOwned: (attachment) =>
      list(`map ${TABLE} ${OWNERS}`, (text) => ({
        owned: findOwned(text, attachment),
        hasMark: hasMark(text),
      })),
    // Not by a listing: nft reads all elements before it lists anything. What is only checked changes nothing.
    isStanding() {
      const outcome = runCheck(nft, [
        { do: 'add-elements', set: OWNERS, elements: [{ key: NOWHERE, value: MARK }] },
        ...DISPATCH.map((rule) => ({ do: 'add-rule', chain: BASE_CHAIN, rule }) as const),
      ])
      return !outcome.ok && outcome.failure === 'missing'
        ? { ok: true, value: false }
        : then(outcome, () => true)
    },
    async probe() {
      const found = host.findTool('nft')
      if ('tried' in found) return [`no nft that can be started: ${found.tried.join(', ')}`]
      const isAllowed = await mayChangeRules(host)
      if (isAllowed !== undefined) return isAllowed ? [] : [NO_CAPABILITY]
      const outcome = runList(nft, `map ${TABLE} ${OWNERS}`)
      return outcome.ok || outcome.failure === 'missing' ? [] : [outcome.said]
    },
    explainRefusal: () => `nft refused${ageNote(nft)}`,
    explainUnusable: () => 'no nft could be started; install nftables if it is missing',
  }
}

function then<T>(outcome: NftOutcome, value: (stdout: string) => T): Outcome<T> {
  return outcome.ok ? { ok: true, value: value(outcome.stdout) } : outcome
}
