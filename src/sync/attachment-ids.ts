import { attachmentId } from '../backend/identity'
import type { AttachmentName } from '../cni/attachment'

/** Remembers the `attachmentId` of each object: computing it again and again for thousands would take the most time. */
export function idOf(attachment: AttachmentName): string {
  const id = ids.get(attachment) ?? attachmentId(attachment)
  ids.set(attachment, id)
  return id
}

const ids = new WeakMap<AttachmentName, string>()
