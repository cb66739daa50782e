import type { Applied, Listed, Wanted } from '../backend'
import { attachmentDigest } from '../identity'
import type { QuickCarrier } from './carrier'
import { addOwner, addPod } from './layout'
import { ownerComment, ownerValue } from './owner'
import { policyName } from './policy-name'
import { addSlots, type SlotNote } from './slots'
import type { ElementOperation } from './transaction'

/** What is written down about the ADD. */
export interface Note extends SlotNote {
  readonly epochSeconds: number
}

export interface ApplyOptions {
  readonly note: Note
  /** Proves that the holder of an address is gone; absent: nobody can tell. */
  readonly isGone?: (holder: Listed) => Promise<boolean>
}

const DONE: Applied = { tableWasMissing: false }

/**
 * ADD. Nearly always one run that only adds elements: 1.8 ms at any number of pods by nft, where anything that deletes,
 * flushes or declares the base chain again waits 8 to 16 ms for the kernel.
 */
export async function apply(carrier: QuickCarrier, wanted: Wanted, options: ApplyOptions): Promise<Applied> {
  if (wanted.addresses.length === 0) return DONE
  const elements = addAttachment(wanted, options.note)
  const outcome = carrier.run(elements)
  if (outcome.ok) return DONE
  const { applyWithSetUp } = await import('./apply-with-set-up')
  return applyWithSetUp(await carrier.whole(), wanted, { ...options, elements, refusal: outcome })
}

/** Both elements of every address, and the slots. */
function addAttachment({ attachment, addresses, policy }: Wanted, note: Note): ElementOperation[] {
  const digest = attachmentDigest(attachment)
  const [owner, comment, chain] = [
    ownerValue(digest, addresses),
    ownerComment(attachment, note.epochSeconds),
    policyName(policy),
  ]
  return [
    ...addresses.flatMap((address) => [addOwner(address, owner, comment), addPod(address, chain)]),
    addSlots(digest, addresses, note),
  ]
}
