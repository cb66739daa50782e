import type { ToolResult } from '../../exec'
import { addOwner, setUpTable } from './layout'
import type { NftProcess } from './nft'
import { runTransaction } from './nft'

/**
 * A DEL looks into nft's table, and starts no other tool in vain. So whoever puts rules elsewhere (iptables) leaves an
 * element there, of an address that no pod has.
 */
const [NOWHERE, MARK] = [
  { family: 'ip6', value: 0n },
  { family: 'ip6', value: 1n },
] as const

/** Best effort: where there is no nft, a DEL sees that. */
export function markElsewhere(nft: NftProcess): void {
  runTransaction(nft, [
    ...setUpTable().filter((operation) => operation.do === 'add-table' || operation.do === 'add-map'),
    addOwner(NOWHERE, MARK, 'iptables'),
  ])
}

/** Whether what nft said leaves it open that there are rules elsewhere: no nft, no table, or the mark. */
export function sawElsewhere(result: ToolResult): boolean {
  if (result.outcome !== 'exited') return true
  if (result.status !== 0) return true
  return /(?:^|[\s{]):: comment "iptables" : ::1/.test(result.stdout)
}
