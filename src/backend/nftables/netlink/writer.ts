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
  raw(type: number, value: Uint8Array): void
  /** NLA_U32, in the network's byte order. */
  u32(type: number, value: number): void
  /** NLA_STRING, ended by a zero. */
  text(type: number, value: string): void
}

export function createWriter(): Writer {
  let bytes = new Uint8Array(4096)
  let view = new DataView(bytes.buffer)
  let length = 0

  /** Room for so many bytes more, all zero; where they begin. */
  const extend = (size: number): number => {
    const start = length
    length += size
    if (length > bytes.length) {
      const larger = new Uint8Array(Math.max(bytes.length * 2, length))
      larger.set(bytes)
      bytes = larger
      view = new DataView(larger.buffer)
    }
    return start
  }
  const attribute = (type: number, body: () => void): void => {
    const start = extend(ATTRIBUTE_HEADER)
    body()
    if (length - start > 0xffff) throw new RangeError('a netlink attribute is too long')
    view.setUint16(start, length - start, true)
    view.setUint16(start + 2, type, true)
    // Aligned to 4 bytes; the padding is no part of the attribute's length.
    extend(-length & 3)
  }
  const raw = (type: number, value: Uint8Array) =>
    attribute(type, () => {
      const at = extend(value.length)
      bytes.set(value, at)
    })
  return {
    bytes: () => bytes.subarray(0, length),
    message({ type, flags, sequence, family, resource }, body) {
      const start = extend(MESSAGE_HEADER + GENERIC_HEADER)
      view.setUint16(start + 4, type, true)
      view.setUint16(start + 6, flags, true)
      view.setUint32(start + 8, sequence, true)
      view.setUint8(start + 16, family)
      view.setUint16(start + 18, resource, false)
      body?.()
      view.setUint32(start, length - start, true)
    },
    nest: (type, body) => attribute(type | NESTED, body),
    raw,
    u32: (type, value) =>
      attribute(type, () => {
        const at = extend(4)
        view.setUint32(at, value, false)
      }),
    text: (type, value) => raw(type, zeroEnded(value)),
  }
}

export function zeroEnded(text: string): Uint8Array {
  return encoder.encode(`${text}\0`)
}

const encoder = new TextEncoder()
