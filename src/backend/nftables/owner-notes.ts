import type { Address } from '../../policy/address'
import type { ListedNote } from '../backend'
import { idOfDigest } from '../identity'
import { digestOfOwner } from './owner'

/** What the elements of `owners` say, to those who list them. */

/** Whose an owner value is, whatever addresses its ADD had: `attachmentId`. */
export function ownerId(value: Address): string {
  return idOfDigest(digestOfOwner(value))
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
