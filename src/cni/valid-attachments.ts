import { CniError, quote } from './error'
import { isObject, type JsonObject } from './json'

/** An attachment as the runtime lists it for GC. */
export interface AttachmentName {
  readonly containerID: string
  readonly ifname: string
}

const KEY = 'cni.dev/valid-attachments'
/** What the key was called in drafts of CNI 1.1; libcni sends both. */
const OLD_KEY = 'cni.dev/attachments'

/**
 * The attachments that GC must keep (spec: "GC"). Absent is not empty: taking it for empty would remove the rules of
 * every pod. `null` neither: a runtime's empty list cannot be told from a mistake.
 */
export function parseValidAttachments(config: JsonObject): AttachmentName[] {
  const key = config[KEY] === undefined ? OLD_KEY : KEY
  const list = config[key]
  if (!Array.isArray(list)) {
    const advice = 'send the list of attachments to keep, [] to keep none; nothing was removed'
    throw new CniError('invalidConfig', `Cannot use ${KEY} ${quote(list ?? null)}: ${advice}`)
  }
  return list.map((item, index) => {
    if (isObject(item) && typeof item.containerID === 'string' && typeof item.ifname === 'string') {
      return { containerID: item.containerID, ifname: item.ifname }
    }
    const advice = 'write {"containerID": "...", "ifname": "..."}; nothing was removed'
    throw new CniError('invalidConfig', `Cannot use ${key}[${index}] ${quote(item)}: ${advice}`)
  })
}
