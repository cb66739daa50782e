import type { Attachment } from '../cni/attachment'
import { CniError } from '../cni/error'
import { type Address, formatAddress } from '../policy/address'
import type { Listed } from './backend'
import { networkDigest } from './identity'

/**
 * Whether the holder of an address belongs to the network of the ADD that wants it. Within a network IPAM decides who
 * has an address, so the holder is stale. A version that kept 32 bits of the network's digest only is compared by those.
 */
export function isOfNetwork({ note }: Listed, network: string): boolean {
  if (!note || note.networkDigest === '') return false
  const digest = networkDigest(network)
  // Not `startsWith` of a whole digest by a part of it alone: the part has 8 digits at least.
  return note.networkDigest.length >= 8 && digest.startsWith(note.networkDigest)
}

/** The error of an ADD whose address is held by a live attachment of another network. */
export function takenError(address: Address, attachment: Attachment, { note }: Listed): CniError {
  const { containerID, ifname, network } = attachment
  const holder = note
    ? `${note.containerID} ${note.ifname} of network ${note.network}`
    : 'an attachment that left no name'
  return new CniError(
    'tryAgain',
    `Cannot install the rules of ${containerID} ${ifname} of network ${network}: its address ${formatAddress(address)} ` +
      `belongs to ${holder}; give one of them another address, or remove the other with its runtime, ` +
      'or with ip-masq gc if it no longer exists',
  )
}
