import { ERRNO } from '../errno'
import type { NetlinkSocket } from '../netlink-socket'
import { libc } from './libc'

/** AF_NETLINK; SOCK_RAW | SOCK_CLOEXEC; NETLINK_NETFILTER */
const [AF_NETLINK, RAW_CLOEXEC, NETLINK_NETFILTER] = [16, 0x80003, 12]
const SOL_SOCKET = { level: 1, sendBufferForce: 32, receiveBufferForce: 33, receiveTimeout: 20 } as const
/** NETLINK_CAP_ACK: errors without the message that they are about; NETLINK_EXT_ACK: with the kernel's words. */
const SOL_NETLINK = { level: 270, capAck: 10, extAck: 11 } as const
/** MSG_TRUNC: the length of the datagram, also where it does not fit. */
const MSG_TRUNC = 0x20

/** The kernel makes dumps in pieces of at most 32 KiB, and one error for each message of a batch. */
const RECEIVE_BYTES = 64 * 1024
/** What the default queue (net.core.rmem_default) has room for in any case. */
const RECEIVE_QUEUE = 64 * 1024
/** What the kernel counts for one error in the queue, at most. */
const ANSWER_BYTES = 1024

/** Up to 255, as `timeval` writes it: a kernel that does not answer is not waited for for ever. */
const TIMEOUT_SECONDS = 10

/** Undefined where there is no FFI, or a socket is refused: nft is there for that. */
export function openSocket(): NetlinkSocket | undefined {
  const native = libc()
  if (!native) return undefined
  const { socket, send, recvfrom, setsockopt, close, errno } = native
  const descriptor = socket(AF_NETLINK, RAW_CLOEXEC, NETLINK_NETFILTER)
  if (descriptor < 0) return undefined
  const set = (level: number, option: number, value: Uint8Array) =>
    setsockopt(descriptor, level, option, value, value.length)
  // Kernels before 4.12 know neither; then errors are only longer, and without words.
  for (const option of [SOL_NETLINK.capAck, SOL_NETLINK.extAck]) set(SOL_NETLINK.level, option, int32(1))
  set(SOL_SOCKET.level, SOL_SOCKET.receiveTimeout, timeval(TIMEOUT_SECONDS))
  let sendQueue = 0
  let receiveQueue = RECEIVE_QUEUE
  const buffer = new Uint8Array(RECEIVE_BYTES)
  const sender = new Uint8Array(ADDRESS_BYTES)
  return {
    send(bytes, answers) {
      // Before they come: what finds no room is lost, and all after it.
      if (answers * ANSWER_BYTES > receiveQueue) {
        receiveQueue = answers * ANSWER_BYTES
        set(SOL_SOCKET.level, SOL_SOCKET.receiveBufferForce, int32(receiveQueue))
      }
      if (bytes.length > SMALL_BATCH && bytes.length > sendQueue) {
        // One message of the socket is the whole batch.
        sendQueue = bytes.length + 4096
        set(SOL_SOCKET.level, SOL_SOCKET.sendBufferForce, int32(sendQueue))
      }
      for (;;) {
        const sent = send(descriptor, bytes, bytes.length, 0)
        if (sent >= 0) return sent === bytes.length ? 0 : ERRNO.EMSGSIZE
        const reason = errno()
        if (reason !== ERRNO.EINTR) return reason
      }
    },
    receive() {
      for (;;) {
        const length = recvfrom(descriptor, buffer, buffer.length, MSG_TRUNC, sender, int32(ADDRESS_BYTES))
        // Any process with CAP_NET_ADMIN may send to our port.
        if (length >= 0 && !isKernel(sender)) continue
        if (length > buffer.length) return ERRNO.EMSGSIZE
        if (length >= 0) return buffer.slice(0, length)
        const reason = errno()
        if (reason !== ERRNO.EINTR) return reason
      }
    },
    close: () => close(descriptor),
  }
}

/** struct sockaddr_nl: nl_family and padding, nl_pid, nl_groups. */
const ADDRESS_BYTES = 12

/** The kernel's port is 0. */
function isKernel(address: Uint8Array): boolean {
  return address[4] === 0 && address[5] === 0 && address[6] === 0 && address[7] === 0
}

/** What the default queue (net.core.wmem_default) has room for in any case. */
const SMALL_BATCH = 64 * 1024

/** In the machine's byte order. */
function int32(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >> 24)
}

/** struct timeval: two numbers of 8 bytes, in the machine's byte order. */
function timeval(seconds: number): Uint8Array {
  const bytes = new Uint8Array(16)
  bytes[0] = seconds
  return bytes
}
