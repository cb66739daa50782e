import type { BaseChain } from '../base-chain'
import type { Outcome } from '../carrier'
import { type Block, parseListing } from './blocks'
import { type NftProcess, runScript } from './nft'

/** Lists base chains; `-y` prints priorities as numbers. */
export function listBaseChains(nft: NftProcess): Outcome<readonly BaseChain[]> {
  const outcome = runScript(nft, ['-y'], 'list chains\n')
  return outcome.ok ? { ok: true, value: parseBaseChains(outcome.stdout) } : outcome
}

export function parseBaseChains(text: string): BaseChain[] {
  return parseListing(text).blocks.flatMap(({ head, blocks }) => {
    const [word, family = '', table = ''] = head.split(' ')
    return word === 'table' ? blocks.flatMap((block) => parseChain(block, { family, table })) : []
  })
}

/** `chain POSTROUTING { type nat hook postrouting priority 100; policy accept; }` */
function parseChain(
  { head, statements }: Block,
  place: { readonly family: string; readonly table: string },
): BaseChain[] {
  for (const statement of statements) {
    const [, type, hook, priority] =
      /^type (\S+) hook (\S+)(?: devices? .*)? priority (-?\d+)/.exec(statement) ?? []
    if (type !== undefined && hook !== undefined)
      return [{ ...place, name: head.replace('chain ', ''), type, hook, priority: Number(priority) }]
  }
  return []
}
