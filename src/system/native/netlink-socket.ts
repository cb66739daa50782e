import { ERRNO } from '../errno'
import type { NetlinkProtocol, NetlinkSocket } from '../netlink-socket'
import { libc } from './libc'

/** AF_NETLINK; SOCK_RAW | SOCK_CLOEXEC; NETLINK_ROUTE; NETLINK_NETFILTER */
const [AF_NETLINK, RAW_CLOEXEC, NETLINK_ROUTE, NETLINK_NETFILTER] = [16, 0x80003, 0, 12]
const SOL_SOCKET = { level: 1, sendBufferForce: 32, receiveBufferForce: 33, receiveTimeout: 20 } as const
/**
 * NETLINK_CAP_ACK: errors do not contain the message that caused them. NETLINK_EXT_ACK: errors have the kernel's own
 * words.
 */
const SOL_NETLINK = { level: 270, capAck: 10, extAck: 11 } as const
/** MSG_TRUNC: returns the length of the datagram even if it does not fit. */
const MSG_TRUNC = 0x20

/** The default queue (net.core.rmem_default) always has room for this much. */
const RECEIVE_QUEUE = 64 * 1024
/** The most that the kernel counts for one error in the queue. */
const ANSWER_BYTES = 1024

/** We stop waiting for a kernel that does not answer. */
const TIMEOUT_SECONDS = 10

export function openSocket(protocol?: NetlinkProtocol): NetlinkSocket | undefined {
  const number = protocol === 'route' ? NETLINK_ROUTE : NETLINK_NETFILTER
  const descriptor = libc.socket(AF_NETLINK, RAW_CLOEXEC, number)
  if (descriptor < 0) return undefined
  // Kernels before 4.12 know neither option; then errors are only longer, and without words.
  for (const option of [SOL_NETLINK.capAck, SOL_NETLINK.extAck])
    libc.setsockopt(descriptor, SOL_NETLINK.level, option, int32(1))
  libc.setsockopt(descriptor, SOL_SOCKET.level, SOL_SOCKET.receiveTimeout, timeval(TIMEOUT_SECONDS))
  let sendQueue = 0
  let receiveQueue = RECEIVE_QUEUE
  const sender = new Uint8Array(ADDRESS_BYTES)
  return {
    send(bytes, answers) {
      // The queue grows before the answers come: an answer that finds no room is lost, and so are all after it.
      if (answers * ANSWER_BYTES > receiveQueue) {
        receiveQueue = answers * ANSWER_BYTES
        libc.setsockopt(descriptor, SOL_SOCKET.level, SOL_SOCKET.receiveBufferForce, int32(receiveQueue))
      }
      if (bytes.length > SMALL_BATCH && bytes.length > sendQueue) {
        // The whole batch is one message of the socket.
        sendQueue = bytes.length + 4096
        libc.setsockopt(descriptor, SOL_SOCKET.level, SOL_SOCKET.sendBufferForce, int32(sendQueue))
      }
      for (;;) {
        const sent = libc.sendto(descriptor, bytes, 0)
        if (sent >= 0) return sent === bytes.length ? 0 : ERRNO.EMSGSIZE
        if (sent !== -ERRNO.EINTR) return -sent
      }
    },
    receive() {
      for (;;) {
        const received = libc.receive(descriptor, MSG_TRUNC, sender)
        const isError = typeof received === 'number' && received < 0
        // Any process with CAP_NET_ADMIN may send to our port.
        if (!isError && !isKernel(sender)) continue
        if (typeof received !== 'number') return received
        if (!isError) return ERRNO.EMSGSIZE
        if (received !== -ERRNO.EINTR) return -received
      }
    },
    close: () => void libc.close(descriptor),
  }
}

/** struct sockaddr_nl: nl_family and padding, nl_pid, nl_groups. */
const ADDRESS_BYTES = 12

/** Whether the address is the kernel's: its port is 0. */
function isKernel(address: Uint8Array): boolean {
  return address[4] === 0 && address[5] === 0 && address[6] === 0 && address[7] === 0
}

/** The default queue (net.core.wmem_default) always has room for this much. */
const SMALL_BATCH = 64 * 1024

/** The bytes of a number in the machine's byte order. */
function int32(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >> 24)
}

/** struct timeval: two numbers of 8 bytes, in the machine's byte order. */
function timeval(seconds: number): Uint8Array {
  const bytes = new Uint8Array(16)
  bytes[0] = seconds
  return bytes
}
