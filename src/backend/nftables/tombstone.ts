import type { Carrier, Outcome } from './carrier'
import { ATTACHMENTS } from './layout'
import { MAPS } from './set-up'
import { addTombstone } from './slots'

/**
 * Leaves a tombstone for an attachment that has no rules. If there is no table, one is made for it, without chains: an
 * ADD that finds the rules gone may be about to restore the dead pod's rules. This is best effort, and no DEL fails
 * because of it.
 *
 * Returns whether the attachment has rules after all, because somebody restored them since we looked.
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

/** Whether the slot of the tombstone has an address. */
function isClash(outcome: Outcome<unknown>): boolean {
  return !outcome.ok && outcome.failure === 'clash'
}
