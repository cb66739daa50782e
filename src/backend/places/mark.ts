import type { Place, Places } from './place'

/**
 * The mark in nft's table means that iptables may have rules (`nftables/elsewhere.ts`). It is left after rules were
 * installed or removed, so a failure here must not fail the call. The mark spares later DELs a look into iptables. Where
 * it cannot be left, a pod whose rules are in iptables keeps them after its DEL, until GC.
 */
export async function tryToMark(mark: () => Promise<void>): Promise<void> {
  try {
    await mark()
  } catch {
    // GC leaves the mark again.
  }
}

/** Leaves the mark if iptables has rules, or cannot be asked. */
export async function markIfUsed({ iptables, mark }: Pick<Places, 'iptables' | 'mark'>): Promise<void> {
  let hasRules = true
  try {
    hasRules = await iptables.hasRules()
  } catch {
    // A needless mark costs each DEL a process; a missing one leaves rules behind.
  }
  if (hasRules) await tryToMark(mark)
}

/** Leaves the mark after an ADD that found the tables of its place missing: they have come into being. */
export async function markAfter(places: Places, place: Place): Promise<void> {
  if (place === places.nftables) await markIfUsed(places)
  else await tryToMark(places.mark)
}
