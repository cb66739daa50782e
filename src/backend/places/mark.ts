import type { Place, Places } from './place'

/**
 * The mark in nft's table that iptables may have rules (`nftables/elsewhere.ts`). It is left after rules were installed or
 * removed, so nothing that goes wrong here may fail the call: the mark only spares later DELs a look into iptables, or,
 * where it cannot be left, costs the rules of a pod that are in iptables their DEL until GC.
 */
export async function tryToMark(mark: () => Promise<void>): Promise<void> {
  try {
    await mark()
  } catch {
    // GC leaves it anew.
  }
}

/** An iptables that cannot be asked may have rules. */
export async function markIfUsed({ iptables, mark }: Pick<Places, 'iptables' | 'mark'>): Promise<void> {
  let hasRules = true
  try {
    hasRules = await iptables.hasRules()
  } catch {
    // A mark too many costs DELs a process; one too few costs rules.
  }
  if (hasRules) await tryToMark(mark)
}

/** After an ADD that found the tables of its place missing: they have come into being. */
export async function markAfter(places: Places, place: Place): Promise<void> {
  if (place === places.nftables) await markIfUsed(places)
  else await tryToMark(places.mark)
}
