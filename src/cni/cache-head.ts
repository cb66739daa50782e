import { decode, decodeLatin1, indexOfText } from '#system/text'
import type { Attachment } from './attachment'

/** The beginning of a cache file as libcni writes it from 1.2 on: its fields come in this order, without spaces. */
export interface CacheHead {
  readonly attachment: NamedAttachment
  readonly netns: string
  /** The position of the config, in base64. */
  readonly config: readonly [from: number, to: number]
  /** The position of what follows the head: it begins with a comma, or with the bracket that ends the file. */
  readonly end: number
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
export function readHead(bytes: Uint8Array, length: number): CacheHead | undefined {
  if (length < KIND.length || decodeLatin1(bytes.subarray(0, KIND.length)) !== KIND) return undefined
  // Base64 has no quotation mark, so this is where the config ends. The config is not decoded: it is most of the file.
  const config = indexOfText(bytes, CONFIG, KIND.length)
  const ifname = config < 0 ? -1 : indexOfText(bytes, IFNAME, config)
  const network = ifname < 0 ? -1 : indexOfText(bytes, NETWORK, ifname)
  const netns = network < 0 ? -1 : indexOfText(bytes, NETNS, network)
  const end = netns < 0 ? -1 : indexOfText(bytes, '"', netns + NETNS.length)
  if (end < 0 || end >= length) return undefined
  const between = (from: number, to: number) => decode(bytes.subarray(from, to))
  const containerID = between(KIND.length, config)
  const path = between(netns + NETNS.length, end)
  const names = between(ifname + IFNAME.length, netns)
  // All files of a network have the same names, and one copy is enough.
  if (names !== last.names) {
    const [own = '', ...others] = names.split(NETWORK)
    last = { names, ifname: own, network: others.join(NETWORK) }
  }
  const attachment = { containerID, ifname: last.ifname, network: last.network }
  const isUsable = [containerID, path, attachment.ifname, attachment.network].every(isPlain)
  return isUsable
    ? { attachment, netns: path, config: [config + CONFIG.length, ifname], end: end + 1 }
    : undefined
}

let last = { names: '', ifname: '', network: '' }

/** Whether JSON gives a text unchanged. A quotation mark would mean that a field was mistaken for a part of another one. */
function isPlain(text: string): boolean {
  return text !== '' && !text.includes('\\') && !text.includes('"')
}
