import { decode } from '#system/text'
/**
 * The wire format of netlink. Headers are in the machine's byte order (little-endian on all architectures that we build
 * for), attributes of nf_tables in network byte order. Sources: linux/netlink.h, linux/netfilter/nfnetlink.h,
 * linux/netfilter/nf_tables.h.
 */

/** Header flags: `NLM_F_...`. */
export const FLAGS = {
  /** NLM_F_REQUEST */
  request: 0x1,
  /** NLM_F_MULTI: one of several messages, which NLMSG_DONE ends. */
  multi: 0x2,
  /** NLM_F_ACK */
  ack: 0x4,
  /** NLM_F_DUMP_INTR: the objects changed during the dump. */
  interrupted: 0x10,
  /** NLM_F_DUMP */
  dump: 0x300,
  /** NLM_F_CREATE */
  create: 0x400,
  /** NLM_F_APPEND: a rule goes to the end of its chain. */
  append: 0x800,
  /** NLM_F_CAPPED, in an error: the message that caused it does not follow. */
  capped: 0x100,
  /** NLM_F_ACK_TLVS, in an error: attributes follow. */
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
export const TYPE_MASK = 0x3fff

/** A message as it was received: its header, and the attributes after the generic header. */
export interface Message {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  /** Everything after the netlink header. */
  readonly payload: Uint8Array
}

/** A message that is shorter than its length field, or than a header: nothing in it can be trusted. */
export class TruncatedError extends Error {}

export const CUT_SHORT = 'a netlink attribute is cut short'

export function readMessages(bytes: Uint8Array): Message[] {
  const messages: Message[] = []
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < MESSAGE_HEADER) throw new TruncatedError('a netlink message is cut short')
    const length = hostU32(bytes, at)
    if (length < MESSAGE_HEADER || at + length > bytes.length)
      throw new TruncatedError('a netlink message is cut short')
    messages.push({
      type: hostU16(bytes, at + 4),
      flags: hostU16(bytes, at + 6),
      sequence: hostU32(bytes, at + 8),
      payload: bytes.subarray(at + MESSAGE_HEADER, at + length),
    })
    at += (length + 3) & ~3
  }
  return messages
}

/** Reads a number in the machine's byte order. A DataView could do it, but its first use costs 0.03 ms. */
function hostU16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
}

function hostU32(bytes: Uint8Array, at: number): number {
  return (hostU16(bytes, at) | (hostU16(bytes, at + 2) << 16)) >>> 0
}

/** Attributes by type. If a type occurs twice, the last one counts, as it does for the kernel. */
export type Attributes = ReadonlyMap<number, Uint8Array>

export function attributesOf({ payload }: Pick<Message, 'payload'>): Attributes {
  return parseAttributes(payload.subarray(GENERIC_HEADER))
}

export function parseAttributes(bytes: Uint8Array): Attributes {
  return new Map(listAttributes(bytes))
}

/** The attributes in order: a list has many of one type. */
export function listAttributes(bytes: Uint8Array): (readonly [number, Uint8Array])[] {
  const attributes: (readonly [number, Uint8Array])[] = []
  for (let at = 0; at + ATTRIBUTE_HEADER <= bytes.length; ) {
    const head = hostU32(bytes, at)
    const end = at + lengthOfHead(head, bytes.length - at)
    attributes.push([(head >>> 16) & TYPE_MASK, bytes.subarray(at + ATTRIBUTE_HEADER, end)])
    at = (end + 3) & ~3
  }
  return attributes
}

/**
 * The bytes as numbers of four bytes. The header of an attribute is such a number: its length, and its type in the upper
 * half. For thousands of attributes, a view of each would cost more than everything else. The numbers are signed, because
 * the engine is slow with larger ones than 2^31.
 */
export function wordsOf(bytes: Uint8Array): Int32Array {
  const { buffer, byteOffset, length } = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
  return new Int32Array(buffer, byteOffset, length >> 2)
}

/** The length of the attribute with this header. Throws TruncatedError where it is shorter than a header, or longer than `left`. */
export function lengthOfHead(head: number, left: number): number {
  const length = head & 0xffff
  if (length < ATTRIBUTE_HEADER || length > left) throw new TruncatedError(CUT_SHORT)
  return length
}

export function readU32(bytes: Uint8Array | undefined): number | undefined {
  if (bytes?.length !== 4) return undefined
  const [a = 0, b = 0, c = 0, d = 0] = bytes
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
}

export function readText(bytes: Uint8Array | undefined): string {
  if (!bytes) return ''
  const end = bytes.indexOf(0)
  return decode(end < 0 ? bytes : bytes.subarray(0, end))
}

/** The content of NLMSG_ERROR: 0 for an acknowledgement, else an errno, and the kernel's own words, if it has any. */
export interface ErrorMessage {
  readonly errno: number
  readonly said: string
}

/** NLMSGERR_ATTR_MSG */
const ERROR_TEXT = 1

/** Parses struct nlmsgerr: a negative errno, then the header of the message that caused it, or all of that message. */
export function parseErrorMessage({ payload, flags }: Message): ErrorMessage {
  if (payload.length < 4 + MESSAGE_HEADER) throw new TruncatedError('a netlink error is cut short')
  const errno = -(hostU32(payload, 0) | 0)
  if (!(flags & FLAGS.attributes)) return { errno, said: '' }
  const about = flags & FLAGS.capped ? MESSAGE_HEADER : (hostU32(payload, 4) + 3) & ~3
  return { errno, said: readText(parseAttributes(payload.subarray(4 + about)).get(ERROR_TEXT)) }
}
