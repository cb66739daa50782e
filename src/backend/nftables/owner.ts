import { sha256 } from '#system/digest'
import type { Attachment, AttachmentName } from '../../cni/attachment'
import type { Address } from '../../policy/address'
import { formatAddress } from '../../policy/address-text'
import { attachmentDigest, networkDigest } from '../identity'

/**
 * The value of an element of `owners`: the holder of the address, as the 32 hex digits of an IPv6 address. 96 bits identify
 * the attachment, 32 bits the set of addresses that its ADD installed. `attachment` is its `attachmentDigest`.
 *
 * The second part is for DEL. A DEL gets the result of the whole chain as its prevResult, while our ADD saw the result of
 * the plugins before us, and the two may differ. A DEL deletes the addresses of its prevResult and compares this value.
 * If the ADD had other addresses, the DEL is refused, and then looks for itself. Without this part an address that only
 * the ADD knew would stay behind.
 */
export function ownerValue(attachment: string, addresses: readonly Address[]): string {
  const sorted = addresses.map(formatAddress).sort()
  return attachment + sha256(JSON.stringify(sorted)).slice(0, ADDRESSES_DIGITS)
}

/** Returns a test of whether an element of `owners` belongs to the attachment, whatever addresses its ADD had. */
export function ownerTest(attachment: AttachmentName): (owner: string) => boolean {
  const own = attachmentDigest(attachment)
  return (owner) => digestOfOwner(owner) === own
}

/** The `attachmentDigest` of the address's holder. */
export function digestOfOwner(owner: string): string {
  return owner.slice(0, -ADDRESSES_DIGITS)
}

const ADDRESSES_DIGITS = 8

/** nft's limit for the comment of an element (NFTNL_UDATA_COMMENT_MAXLEN). */
const COMMENT_BYTES = 128

/**
 * The first fields have a fixed width and are for programs: 16 hex digits of the network name's hash, then the ADD's time
 * in epoch seconds. Then follow, for people, network, containerID, ifname and pod. nft's strings have no escapes, so any
 * character that could end one is replaced.
 */
export function ownerComment(attachment: Attachment, epochSeconds: number): string {
  const { network, containerID, ifname, pod } = attachment
  const fields = [network.slice(0, 16), containerID.slice(0, 64), ifname, pod].map((field) =>
    /^[A-Za-z0-9_./-]+$/.test(field) ? field : field.replace(/[^A-Za-z0-9_./-]/g, '_') || '-',
  )
  return [networkDigest(network), wordEpochSeconds(epochSeconds), ...fields].join(' ').slice(0, COMMENT_BYTES)
}

/** The time of an ADD, as a comment has it. */
export function wordEpochSeconds(epochSeconds: number): string {
  return String(Math.floor(epochSeconds)).padStart(10, '0')
}
