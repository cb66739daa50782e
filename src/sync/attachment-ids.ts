import { attachmentId } from '../backend/identity'
import type { AttachmentName } from '../cni/attachment'

/** `attachmentId`, once for each object: a digest for each of thousands, time and again, would be what takes longest. */
export function idOf(attachment: AttachmentName): string {
  const id = ids.get(attachment) ?? attachmentId(attachment)
  ids.set(attachment, id)
  return id
}

const ids = new WeakMap<AttachmentName, string>()
