import { flatMap } from '../../lists'
import type { Applied, Wanted } from '../backend'
import { applyWithSetUp } from './apply-with-set-up'
import type { Carrier } from './carrier'
import { addOwner, addPod, policyName } from './layout'
import { ownerComment, ownerValue } from './owner'
import type { Transaction } from './transaction'

/**
 * ADD. Nearly always one run that only adds elements: 1.8 ms at any number of pods by nft, where anything that deletes,
 * flushes or declares the base chain again waits 8 to 16 ms for the kernel.
 */
export function apply(carrier: Carrier, wanted: Wanted, epochSeconds: number): Applied {
  if (wanted.addresses.length === 0) return { tableWasMissing: false }
  const elements = addAttachment(wanted, epochSeconds)
  const outcome = carrier.run(elements)
  return outcome.ok
    ? { tableWasMissing: false }
    : applyWithSetUp(carrier, wanted, { elements, refusal: outcome })
}

/** Both elements of every address. */
function addAttachment({ attachment, addresses, policy }: Wanted, epochSeconds: number): Transaction {
  const [owner, comment, chain] = [
    ownerValue(attachment, addresses),
    ownerComment(attachment, epochSeconds),
    policyName(policy),
  ]
  return flatMap(addresses, (address) => [addOwner(address, owner, comment), addPod(address, chain)])
}
