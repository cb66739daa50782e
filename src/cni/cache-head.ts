import type { Attachment } from './attachment'

/** The beginning of a cache file as libcni writes it from 1.2 on: its fields come in this order, without spaces. */
export interface CacheHead {
  readonly containerID: string
  readonly netns: string
  /** The same object for files of one network that follow each other. */
  readonly common: HeadInCommon
  /** The position of what follows the head: it begins with a comma, or with the bracket that ends the file. */
  readonly end: number
}

/** What the files of a network have in common. */
export interface HeadInCommon {
  /** The text between the container's ID and the namespace's path. */
  readonly text: string
  /** The conflist, in base64. */
  readonly config: string
  readonly ifname: string
  readonly network: string
}

export type NamedAttachment = Pick<Attachment, 'containerID' | 'ifname' | 'network'>

const KIND = '{"kind":"cniCacheV1","containerId":"'
const CONFIG = '","config":"'
const IFNAME = '","ifName":"'
const NETWORK = '","networkName":"'
const NETNS = '","netns":"'

/**
 * Reads the head of a cache file without parsing the rest. A node may have tens of thousands of files whose network
 * namespace is gone, and nothing else in those is of interest. Undefined for a file that is written differently:
 * JSON.parse has to handle that one.
 */
export function readHead(text: string): CacheHead | undefined {
  if (!text.startsWith(KIND)) return undefined
  const quote = text.indexOf('"', KIND.length)
  const common = last && text.startsWith(last.text, quote) ? last : commonAt(text, quote)
  if (!common) return undefined
  last = common
  const begin = quote + common.text.length
  const end = text.indexOf('"', begin)
  const containerID = text.slice(KIND.length, quote)
  const netns = text.slice(begin, end)
  if (end < 0 || !isPlain(containerID) || !isPlain(netns)) return undefined
  return { containerID, netns, common, end: end + 1 }
}

let last: HeadInCommon | undefined

/** The fields between the container's ID, which ends at `from`, and the namespace's path. */
function commonAt(text: string, from: number): HeadInCommon | undefined {
  const values: string[] = []
  let at = from
  for (const key of [CONFIG, IFNAME, NETWORK]) {
    if (!text.startsWith(key, at)) return undefined
    const begin = at + key.length
    at = text.indexOf('"', begin)
    values.push(text.slice(begin, at))
  }
  const [config = '', ifname = '', network = ''] = values
  if (!text.startsWith(NETNS, at) || !values.every(isPlain)) return undefined
  return { text: text.slice(from, at + NETNS.length), config, ifname, network }
}

/** Whether JSON gives a text unchanged. It has no quotation mark, because it ends at the first one. */
function isPlain(text: string): boolean {
  return text !== '' && text.indexOf('\\') < 0
}
