import type { Applied, Wanted } from '../backend'
import type { ApplyOptions } from './apply-with-set-up'
import { addAttachment } from './attachment-elements'
import type { QuickCarrier } from './carrier'

const DONE: Applied = { tableWasMissing: false }

/**
 * ADD. Nearly always this is one run that only adds elements. By nft it takes 1.8 ms at any number of pods, where a run
 * that deletes, flushes or declares the base chain again waits 8 to 16 ms for the kernel.
 */
export async function apply(carrier: QuickCarrier, wanted: Wanted, options: ApplyOptions): Promise<Applied> {
  if (wanted.addresses.length === 0) return DONE
  const elements = addAttachment(wanted, options.note)
  const outcome = carrier.run(elements)
  if (outcome.ok) return DONE
  const { applyWithSetUp } = await import('./apply-with-set-up')
  return applyWithSetUp(await carrier.whole(), wanted, { ...options, elements, refusal: outcome })
}
