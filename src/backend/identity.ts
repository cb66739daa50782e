import type { Attachment } from '../cni/attachment'
import { sha256 } from '../hash'

/** 24 hex digits. JSON keeps the border between the two: ("a", "bc") and ("ab", "c") are different attachments. */
export function attachmentId({ containerID, ifname }: Pick<Attachment, 'containerID' | 'ifname'>): string {
  return sha256(JSON.stringify([containerID, ifname])).slice(0, 24)
}

/** The 16 hex digits that stand for a network in the notes of its owners. */
export function networkDigest(network: string): string {
  return sha256(network).slice(0, 16)
}
