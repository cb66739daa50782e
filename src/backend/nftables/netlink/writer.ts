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
  /** NLA_U32, in the network's byte order. */
  u32(type: number, value: number): void
  /** NLA_U64, in the network's byte order; of numbers below 2^32. */
  u64(type: number, value: number): void
  /** NLA_STRING, ended by a zero. */
  text(type: number, value: string): void
}

export function createWriter(): Writer {
  let bytes = new Uint8Array(4096)
  let length = 0

  /** Room for so many bytes more, all zero; where they begin. */
  const extend = (size: number): number => {
    const start = length
    length += size
    if (length > bytes.length) {
      const larger = new Uint8Array(Math.max(bytes.length * 2, length))
      larger.set(bytes)
      bytes = larger
    }
    return start
  }
  /** In the machine's byte order. */
  const hostU16 = (at: number, value: number): void => {
    bytes[at] = value & 0xff
    bytes[at + 1] = value >> 8
  }
  const hostU32 = (at: number, value: number): void => {
    hostU16(at, value & 0xffff)
    hostU16(at + 2, value >>> 16)
  }
  const attribute = (type: number, body: () => void): void => {
    const start = extend(ATTRIBUTE_HEADER)
    body()
    if (length - start > 0xffff) throw new RangeError('a netlink attribute is too long')
    hostU16(start, length - start)
    hostU16(start + 2, type)
    // Aligned to 4 bytes; the padding is no part of the attribute's length.
    extend(-length & 3)
  }
  const raw = (type: number, value: ArrayLike<number>) =>
    attribute(type, () => {
      const at = extend(value.length)
      bytes.set(value, at)
    })
  return {
    bytes: () => bytes.subarray(0, length),
    message({ type, flags, sequence, family, resource }, body) {
      const start = extend(MESSAGE_HEADER + GENERIC_HEADER)
      hostU16(start + 4, type)
      hostU16(start + 6, flags)
      hostU32(start + 8, sequence)
      bytes[start + 16] = family
      bytes.set([resource >> 8, resource & 0xff], start + 18)
      body?.()
      hostU32(start, length - start)
    },
    nest: (type, body) => attribute(type | NESTED, body),
    raw,
    u64: (type, value) =>
      raw(type, [0, 0, 0, 0, value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff]),
    u32: (type, value) =>
      attribute(type, () => {
        const at = extend(4)
        bytes.set([value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff], at)
      }),
    text: (type, value) => raw(type, zeroEnded(value)),
  }
}

export function zeroEnded(text: string): Uint8Array {
  return encode(`${text}\0`)
}
