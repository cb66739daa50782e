import type { AttachmentName } from './attachment'
import { CniError, quote } from './error'
import { isObject, type JsonObject } from './json'

const KEY = 'cni.dev/valid-attachments'
/** The key's name in drafts of CNI 1.1; libcni sends both. */
const OLD_KEY = 'cni.dev/attachments'

/**
 * The attachments that GC must keep (spec: "GC"). Undefined where the runtime does not list them: libcni sends `null` for
 * a list that was never filled (CRI-O without pods, at each start), and an absent key means the same. Taking either as an
 * empty list would remove the rules of every pod. `text` is the text that the config was parsed from: if it has the list
 * twice, `JSON.parse` takes the last one, and the pods of the first would look gone.
 */
export function parseValidAttachments(
  config: JsonObject,
  text: string,
): readonly AttachmentName[] | undefined {
  const key = isSent(config[KEY]) ? KEY : OLD_KEY
  if (text.split(`"${key}"`).length > 2) {
    throw new CniError(
      'invalidConfig',
      `Cannot use ${key}: the config has it twice; send one list; nothing was removed`,
    )
  }
  const list = config[key]
  if (!isSent(list)) return undefined
  if (!Array.isArray(list)) {
    const advice = 'send the list of attachments to keep, [] to keep none; nothing was removed'
    throw new CniError('invalidConfig', `Cannot use ${key} ${quote(list)}: ${advice}`)
  }
  return list.map((item, index) => {
    if (isObject(item) && typeof item.containerID === 'string' && typeof item.ifname === 'string') {
      return { containerID: item.containerID, ifname: item.ifname }
    }
    const advice = 'write {"containerID": "...", "ifname": "..."}; nothing was removed'
    throw new CniError('invalidConfig', `Cannot use ${key}[${index}] ${quote(item)}: ${advice}`)
  })
}

function isSent(value: unknown): boolean {
  return value !== undefined && value !== null
}
