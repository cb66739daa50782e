import type { Host } from '../backend'
import { mayChangeRules, NO_CAPABILITY } from '../tools'
import { MARK, NOWHERE } from './elsewhere'
import { BASE_CHAIN, DISPATCH, OWNERS } from './layout'
import { type NftProcess, runCheck, runList } from './nft'
import { TABLE } from './render'

/**
 * STATUS, which containerd asks for every 5 s: what can be seen without starting a process. nft is started only
 * where /proc does not say what we may do.
 */
export async function probe(nft: NftProcess, host: Host): Promise<string[]> {
  const found = host.findTool('nft')
  if ('tried' in found) return [`no nft that can be started: ${found.tried.join(', ')}`]
  const isAllowed = await mayChangeRules(host)
  if (isAllowed !== undefined) return isAllowed ? [] : [NO_CAPABILITY]
  const outcome = runList(nft, `map ${TABLE} ${OWNERS}`)
  return outcome.ok || outcome.failure === 'missing' ? [] : [outcome.said]
}

/**
 * Whether the table and its base chain are there. Asked every other second by a watch, so not by a listing: nft reads
 * all elements before it lists anything. A transaction that is only checked takes as long beside any number of pods.
 */
export function isStanding(nft: NftProcess): boolean {
  const outcome = runCheck(nft, [
    { do: 'add-elements', set: OWNERS, elements: [{ key: NOWHERE, value: MARK }] },
    ...DISPATCH.map((rule) => ({ do: 'add-rule', chain: BASE_CHAIN, rule }) as const),
  ])
  if (outcome.ok) return true
  // What did not come to an end says nothing of the table.
  return !['missing', 'unusable', 'unsupported'].includes(outcome.failure)
}
