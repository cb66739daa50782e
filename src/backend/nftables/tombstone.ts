import type { Carrier, Outcome } from './carrier'
import { ATTACHMENTS } from './layout'
import { MAPS } from './set-up'
import { addTombstone } from './slots'

/**
 * A tombstone for an attachment that has no rules. Where there is no table it gets one, without chains: an ADD that finds
 * the rules gone may be about to restore the dead pod's. This is best effort, and no DEL fails for it.
 *
 * Returns whether the attachment has rules after all: somebody restored them since they were looked for.
 */
export function bury(
  carrier: Carrier,
  digest: string,
  { isBare, mayMakeTable }: { readonly isBare: boolean; readonly mayMakeTable: boolean },
): boolean {
  if (!isBare || !mayMakeTable) {
    const outcome = carrier.run([addTombstone(digest)])
    if (outcome.ok || outcome.failure !== 'missing' || !mayMakeTable) return isClash(outcome)
  }
  const map = MAPS.filter(({ name }) => name === ATTACHMENTS)
  return isClash(carrier.run([{ do: 'add-table' }, ...map, addTombstone(digest)]))
}

/** The slot of the tombstone has an address. */
function isClash(outcome: Outcome<unknown>): boolean {
  return !outcome.ok && outcome.failure === 'clash'
}
