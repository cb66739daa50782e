import { encode } from '#system/text'
import { ATTRIBUTE_HEADER, GENERIC_HEADER, MESSAGE_HEADER, NESTED } from './wire'

export interface MessageHead {
  readonly type: number
  readonly flags: number
  readonly sequence: number
  /** nfgenmsg.nfgen_family: NFPROTO_INET for our table. */
  readonly family: number
  /** nfgenmsg.res_id: the subsystem of a batch. */
  readonly resource: number
}

/** Writes messages one after the other into a buffer that grows. */
export interface Writer {
  bytes(): Uint8Array
  message(head: MessageHead, body?: () => void): void
  /** An attribute that holds attributes. */
  nest(type: number, body: () => void): void
  /** Bytes as they are. */
  raw(type: number, value: ArrayLike<number>): void
  /** Writes the bytes of an address, given as hex digits. */
  digits(type: number, digits: string): void
  /** NLA_U32, in the network's byte order. */
  u32(type: number, value: number): void
  /** NLA_U64, in network byte order; for numbers below 2^32. */
  u64(type: number, value: number): void
  /** NLA_STRING, ended by a zero. */
  text(type: number, value: string): void
}

export function createWriter(): Writer {
  let bytes = new Uint8Array(4096)
  // Everything begins at a multiple of 4, and is in the machine's byte order unless stated otherwise.
  let words = new Uint32Array(bytes.buffer)
  let length = 0

  /** Makes room for that many more bytes, all zero, and returns where they begin. */
  const extend = (size: number): number => {
    const start = length
    length += size
    if (length > bytes.length) {
      const larger = new Uint8Array(Math.max(bytes.length * 2, length))
      larger.set(bytes)
      bytes = larger
      words = new Uint32Array(bytes.buffer)
    }
    return start
  }
  /** Writes an attribute's header, whose `size` includes the header itself. */
  const head = (at: number, type: number, size: number): void => {
    if (size > 0xffff) throw new RangeError('a netlink attribute is too long')
    words[at >> 2] = size | (type << 16)
  }
  const raw = (type: number, value: ArrayLike<number>): void => {
    // The bytes are padded to a multiple of 4; the attribute's length does not include the padding.
    const at = extend((ATTRIBUTE_HEADER + value.length + 3) & ~3)
    head(at, type, ATTRIBUTE_HEADER + value.length)
    bytes.set(value, at + ATTRIBUTE_HEADER)
  }
  /** Writes a number in network byte order. */
  const networkU32 = (at: number, value: number): void => {
    bytes[at] = value >>> 24
    bytes[at + 1] = value >>> 16
    bytes[at + 2] = value >>> 8
    bytes[at + 3] = value
  }
  return {
    bytes: () => bytes.subarray(0, length),
    message({ type, flags, sequence, family, resource }, body) {
      const at = extend(MESSAGE_HEADER + GENERIC_HEADER)
      words[(at >> 2) + 1] = type | (flags << 16)
      words[(at >> 2) + 2] = sequence
      bytes[at + 16] = family
      bytes[at + 18] = resource >> 8
      bytes[at + 19] = resource
      body?.()
      words[at >> 2] = length - at
    },
    nest(type, body) {
      const at = extend(ATTRIBUTE_HEADER)
      body()
      head(at, type | NESTED, length - at)
    },
    raw,
    u64: (type, value) => raw(type, [0, 0, 0, 0, value >>> 24, value >>> 16, value >>> 8, value]),
    u32(type, value) {
      const at = extend(ATTRIBUTE_HEADER + 4)
      head(at, type, ATTRIBUTE_HEADER + 4)
      networkU32(at + 4, value)
    },
    digits(type, digits) {
      const size = ATTRIBUTE_HEADER + digits.length / 2
      const at = extend(size)
      head(at, type, size)
      for (let i = 0; i < digits.length; i += 8) {
        const word = digits.slice(i, i + 8)
        // New bytes in the buffer are zero already.
        if (word !== '00000000') networkU32(at + ATTRIBUTE_HEADER + i / 2, Number(`0x${word}`))
      }
    },
    text: (type, value) => raw(type, zeroEnded(value)),
  }
}

export function zeroEnded(text: string): Uint8Array {
  return encode(`${text}\0`)
}
