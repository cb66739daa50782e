import type { Attachment } from '../../cni/attachment'
import type { Address } from '../../policy/address'
import type { ListedNote } from '../backend'
import { attachmentDigest, idOfDigest } from '../identity'
import { ADDRESSES_BITS } from './owner'

/** What the elements of `owners` say, to those who list them. */

/** Whose an owner value is, whatever addresses its ADD had: `attachmentId`. */
export function ownerId(value: Address): string {
  return idOfDigest((value.value >> BigInt(ADDRESSES_BITS)).toString(16).padStart(24, '0'))
}

/**
 * A quick look at a printed value before it is parsed: its first group is the attachment's. nft leaves out
 * leading zeros, and may shorten a group of zeros to nothing; then only parsing can tell.
 */
export function ownerPrefix(attachment: Attachment): string {
  const group = Number.parseInt(attachmentDigest(attachment).slice(0, 4), 16)
  return group === 0 ? '' : `${group.toString(16)}:`
}

/** What an owner's comment says. The names are cut to fit, and other characters are replaced in them. */
export function parseOwnerComment(comment: string | undefined): ListedNote | undefined {
  const match = /^([0-9a-f]{16}) (\d{10,}) (\S+) (\S+) (\S+)(?: (\S*))?$/.exec(comment ?? '')
  if (!match) return undefined
  const [, digest = '', seconds, network = '', containerID = '', ifname = '', pod = '-'] = match
  return {
    networkDigest: digest,
    epochSeconds: Number(seconds),
    network,
    containerID,
    ifname,
    pod: pod === '-' ? '' : pod,
  }
}
