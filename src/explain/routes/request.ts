import {
  CONTROL,
  FLAGS,
  MESSAGE_HEADER,
  type Message,
  parseErrorMessage,
  readMessages,
  TruncatedError,
} from '../../backend/nftables/netlink/wire'
import { ERRNO } from '../../system/errno'
import type { NetlinkSocket } from '../../system/netlink-socket'

/** A question to the kernel. `header` is the beginning of its kind of message (struct rtmsg, struct nfgenmsg). */
export interface Request {
  readonly type: number
  readonly isDump: boolean
  readonly header: readonly number[]
  readonly attributes: readonly number[]
}

export type Reply =
  | { readonly ok: true; readonly messages: readonly Message[] }
  | { readonly ok: false; readonly errno: number; readonly said: string }

/** An attribute: its head and its value in the machine's byte order, padded to a multiple of 4. */
export function attribute(type: number, value: readonly number[]): number[] {
  const length = 4 + value.length
  const padding = Array.from({ length: (4 - (length & 3)) & 3 }, () => 0)
  return [length & 0xff, length >> 8, type & 0xff, type >> 8, ...value, ...padding]
}

/** NLA_F_NESTED */
export function nested(type: number, ...inner: readonly (readonly number[])[]): number[] {
  return attribute(type | 0x8000, inner.flat())
}

/** In the machine's byte order. */
export function u32(value: number): number[] {
  return [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24]
}

/** Sends one question and returns all of its answers. A socket can have only one question at a time. */
export function ask(socket: NetlinkSocket, request: Request, sequence: number): Reply {
  const { type, isDump, header, attributes } = request
  const flags = FLAGS.request | (isDump ? FLAGS.dump : FLAGS.ack)
  const body = [...header, ...attributes]
  const bytes = [
    ...u32(MESSAGE_HEADER + body.length),
    ...[type & 0xff, type >> 8, flags & 0xff, flags >> 8],
    ...u32(sequence),
    ...u32(0),
    ...body,
  ]
  const sent = socket.send(Uint8Array.from(bytes), 1)
  if (sent !== 0) return { ok: false, errno: sent, said: '' }
  try {
    return receive(socket, sequence)
  } catch (error) {
    if (!(error instanceof TruncatedError)) throw error
    return { ok: false, errno: ERRNO.EMSGSIZE, said: error.message }
  }
}

function receive(socket: NetlinkSocket, sequence: number): Reply {
  const messages: Message[] = []
  for (;;) {
    const received = socket.receive()
    if (typeof received === 'number') return { ok: false, errno: received, said: '' }
    for (const message of readMessages(received)) {
      if (message.sequence !== sequence) continue
      if (message.type === CONTROL.done) return { ok: true, messages }
      if (message.type !== CONTROL.error) {
        messages.push(message)
        continue
      }
      const { errno, said } = parseErrorMessage(message)
      return errno === 0 ? { ok: true, messages } : { ok: false, errno, said }
    }
  }
}
