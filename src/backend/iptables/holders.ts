import type { Address } from '../../policy/address'
import type { Listed, Wanted } from '../backend'
import { attachmentId } from '../identity'
import { isOfNetwork } from '../taken'
import { listAttachments } from './prune'
import { findAddress, type State } from './state'

export type IsGone = (holder: Listed) => Promise<boolean>

/** Remembers the answer for each holder, because both families ask about the same one. */
export function askedOnce(isGone: IsGone): IsGone {
  const answers = new Map<string, Promise<boolean>>()
  return (holder) => {
    const answer = answers.get(holder.id) ?? isGone(holder)
    answers.set(holder.id, answer)
    return answer
  }
}

/**
 * The addresses of an ADD that attachments of other networks hold. If we took one over, its holder would lose its rule as
 * soon as our DEL comes, so that holder must be proven gone. (With static IPAM a pod's author chooses the address.)
 */
export function heldByOthers(
  state: State,
  { attachment, addresses }: Wanted,
): { readonly address: Address; readonly holder: Listed }[] {
  const id = attachmentId(attachment)
  const listed = listAttachments([state])
  return addresses.flatMap((address) =>
    (findAddress(state, address)?.owners ?? [])
      .filter((owner) => owner !== id)
      .map((owner) => listed.find((one) => one.id === owner) ?? { id: owner, addresses: [address] })
      .filter((holder) => !isOfNetwork(holder, attachment.network))
      .map((holder) => ({ address, holder })),
  )
}
