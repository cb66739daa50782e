import type { Attachment } from '../cni/attachment'
import { CniError } from '../cni/error'
import type { Address } from '../policy/address'
import { formatAddress } from '../policy/address-text'
import type { Listed } from './backend'
import { networkDigest } from './identity'

/**
 * Whether the holder of an address belongs to the network of the ADD that wants it. Within a network IPAM decides who has
 * an address, so such a holder is stale. A version that kept only 32 bits of the network's digest is compared by those
 * bits.
 */
export function isOfNetwork({ note }: Listed, network: string): boolean {
  if (!note || note.networkDigest === '') return false
  return networkDigest(network).startsWith(note.networkDigest)
}

/** The error of an ADD whose address is held by an attachment of another network that is not proven gone. */
export function takenError(address: Address, attachment: Attachment, { note }: Listed): CniError {
  const { containerID, ifname, network } = attachment
  const holder = note
    ? `${note.pod && `${note.pod} `}(${note.containerID} ${note.ifname}) of network ${note.network}`
    : 'an attachment whose name is not recorded'
  return new CniError(
    'tryAgain',
    `Cannot install the rules of ${containerID} ${ifname} in network ${network}: its address ${formatAddress(address)} belongs to ${holder}`,
    `give the two networks different address ranges; if that pod is gone, "ip-masq gc --address ${formatAddress(address)}" frees the address`,
  )
}
