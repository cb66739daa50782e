import { sha256 } from '#system/digest'
import type { AttachmentName } from '../cni/attachment'

/** 24 hex digits. JSON keeps the border between the two: ("a", "bc") and ("ab", "c") are different attachments. */
export function attachmentDigest({ containerID, ifname }: AttachmentName): string {
  return sha256(JSON.stringify([containerID, ifname])).slice(0, 24)
}

/** How many digits of the digest fit in the name of an iptables chain. */
const ID_DIGITS = 20

/** Identifies an attachment in all backends: it is equal for equal (containerID, ifname). */
export function attachmentId(attachment: AttachmentName): string {
  return attachmentDigest(attachment).slice(0, ID_DIGITS)
}

/** The same identity, from a digest that was read. */
export function idOfDigest(digest: string): string {
  return digest.slice(0, ID_DIGITS)
}

/** 16 hex digits that identify a network in the notes of its owners; a backend may have room for 8 only. */
export function networkDigest(network: string): string {
  return sha256(network).slice(0, 16)
}
