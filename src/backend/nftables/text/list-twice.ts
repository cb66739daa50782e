import { formatAddress } from '../../../policy/address-text'
import type { Outcome } from '../carrier'
import { renderVerdict, TABLE } from '../render'
import type { TableState } from '../table-state'
import { untilLate } from '../until-late'
import { hasRepeats, parseTable } from './listing'
import { type NftProcess, runList } from './nft'

/** How long to list, and how often at least; if no listing can be believed by then, the last one is marked. */
const LISTING_MS = 5_000
const LEAST_LISTINGS = 10

/**
 * Lists the table with the elements of its maps. nft walks hash tables too, and such a walk misses elements when the
 * kernel resizes the table meanwhile (`netlink/walk.ts`). So a listing is believed when it has no key twice and the one
 * before it had the same elements.
 */
export function listTwice(nft: NftProcess, policies: readonly string[]): Outcome<TableState> {
  const again = untilLate(LISTING_MS)
  let previous: string | undefined
  for (let i = 1; ; i++) {
    const listed = runList(nft, `table ${TABLE}`)
    if (!listed.ok) return listed
    const state = parseTable(listed.stdout, policies)
    const print = hasRepeats(listed.stdout) ? undefined : printOf(state)
    if (print !== undefined && print === previous) return { ok: true, value: state }
    // The first two follow each other at once: on most nodes they agree.
    const isLate = i > 1 && !again()
    if (isLate && i >= LEAST_LISTINGS) return { ok: true, value: { ...state, mayLack: true } }
    previous = print
  }
}

function printOf({ addresses, slots }: TableState): string {
  const lines = [
    ...addresses.map(
      ({ address, owner, verdict }) =>
        `${formatAddress(address)} ${owner ?? ''} ${verdict ? renderVerdict(verdict) : ''}`,
    ),
    ...slots.map(({ digest, slot, address }) => `${digest} ${slot} ${address ? formatAddress(address) : ''}`),
  ]
  return lines.sort().join('\n')
}
