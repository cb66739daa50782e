/**
 * The wire format of netlink: headers in the machine's byte order (little-endian on all that we build for), attributes of
 * nf_tables in the network's. Sources: linux/netlink.h, linux/netfilter/nfnetlink.h, linux/netfilter/nf_tables.h.
 */

/** Header flags: `NLM_F_...`. */
export const FLAGS = {
  /** NLM_F_REQUEST */
  request: 0x1,
  /** NLM_F_MULTI: one of several, until NLMSG_DONE. */
  multi: 0x2,
  /** NLM_F_ACK */
  ack: 0x4,
  /** NLM_F_DUMP_INTR: what is dumped changed meanwhile. */
  interrupted: 0x10,
  /** NLM_F_DUMP */
  dump: 0x300,
  /** NLM_F_CREATE */
  create: 0x400,
  /** NLM_F_APPEND: a rule goes to the end of its chain. */
  append: 0x800,
  /** NLM_F_CAPPED, of an error: the message that it is about does not follow. */
  capped: 0x100,
  /** NLM_F_ACK_TLVS, of an error: attributes follow. */
  attributes: 0x200,
} as const

/** Control messages: `NLMSG_ERROR`, `NLMSG_DONE`. */
export const CONTROL = { error: 2, done: 3 } as const

/** NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END */
export const BATCH = { begin: 16, end: 17 } as const

/** NFNL_SUBSYS_NFTABLES: the upper byte of a message's type. */
export const NFTABLES = 10

/** struct nlmsghdr, struct nfgenmsg, struct nlattr: bytes of each. */
export const [MESSAGE_HEADER, GENERIC_HEADER, ATTRIBUTE_HEADER] = [16, 4, 4] as const
/** NLA_F_NESTED */
export const NESTED = 0x8000
/** NLA_TYPE_MASK */
const TYPE_MASK = 0x3fff

const decoder = new TextDecoder()

/** A message as it came: its head, and the attributes behind the generic header. */
export interface Message {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  /** All that follows the netlink header. */
  readonly payload: Uint8Array
}

/** A message that is shorter than it says, or than a header: nothing of it can be trusted. */
export class TruncatedError extends Error {}

export function* readMessages(bytes: Uint8Array): Generator<Message> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < MESSAGE_HEADER) throw new TruncatedError('a netlink message is cut short')
    const length = view.getUint32(at, true)
    if (length < MESSAGE_HEADER || at + length > bytes.length)
      throw new TruncatedError('a netlink message is cut short')
    yield {
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      payload: bytes.subarray(at + MESSAGE_HEADER, at + length),
    }
    at += (length + 3) & ~3
  }
}

/** Attributes by type; of two of a type the last counts, as for the kernel. */
export type Attributes = ReadonlyMap<number, Uint8Array>

export function attributesOf({ payload }: Pick<Message, 'payload'>): Attributes {
  return parseAttributes(payload.subarray(GENERIC_HEADER))
}

export function parseAttributes(bytes: Uint8Array): Attributes {
  return new Map(listAttributes(bytes))
}

/** In order: a list has many of one type. */
export function* listAttributes(bytes: Uint8Array): Generator<readonly [number, Uint8Array]> {
  for (let at = 0; at + ATTRIBUTE_HEADER <= bytes.length; ) {
    const length = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
    const type = ((bytes[at + 2] ?? 0) | ((bytes[at + 3] ?? 0) << 8)) & TYPE_MASK
    if (length < ATTRIBUTE_HEADER || at + length > bytes.length)
      throw new TruncatedError('a netlink attribute is cut short')
    yield [type, bytes.subarray(at + ATTRIBUTE_HEADER, at + length)]
    at += (length + 3) & ~3
  }
}

export function readU32(bytes: Uint8Array | undefined): number | undefined {
  if (bytes?.length !== 4) return undefined
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, false)
}

export function readText(bytes: Uint8Array | undefined): string {
  if (!bytes) return ''
  const end = bytes.indexOf(0)
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end))
}

/** What NLMSG_ERROR says: 0 for an acknowledgement, else an errno; and the kernel's own words, if it has any. */
export interface Verdict {
  readonly errno: number
  readonly said: string
}

/** NLMSGERR_ATTR_MSG */
const ERROR_TEXT = 1

/** struct nlmsgerr: a negative errno, then the head of the message that it is about, or all of it. */
export function parseVerdict({ payload, flags }: Message): Verdict {
  if (payload.length < 4 + MESSAGE_HEADER) throw new TruncatedError('a netlink error is cut short')
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength)
  const errno = -view.getInt32(0, true)
  if (!(flags & FLAGS.attributes)) return { errno, said: '' }
  const about = flags & FLAGS.capped ? MESSAGE_HEADER : (view.getUint32(4, true) + 3) & ~3
  return { errno, said: readText(parseAttributes(payload.subarray(4 + about)).get(ERROR_TEXT)) }
}
