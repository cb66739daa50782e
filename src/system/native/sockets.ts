import { ERRNO } from '../errno'
import type { Connection, Endpoint, Listener } from '../sockets'
import { libc } from './libc'
import { POLL, whenReady } from './loop'
import { refused } from './refused'

/** socket.h */
const [AF_UNIX, AF_INET, AF_INET6] = [1, 2, 10]
/** SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK */
const STREAM_NONBLOCK = 0x80801
/** SOCK_CLOEXEC | SOCK_NONBLOCK */
const ACCEPT_FLAGS = 0x80800
const [SOL_SOCKET, SO_REUSEADDR] = [1, 2]
const SHUT_WR = 1
/** MSG_NOSIGNAL: an error EPIPE instead of a signal. */
const MSG_NOSIGNAL = 0x4000
const BACKLOG = 128

const [ECONNABORTED, EPROTO] = [103, 71]

export function listenAt(endpoint: Endpoint, { listening, failed, connected }: Listener): void {
  const address = socketAddress(endpoint)
  const descriptor = libc.socket(address[0] ?? AF_INET, STREAM_NONBLOCK, 0)
  const give = (errno: number, syscall: string) => {
    if (descriptor >= 0) libc.close(descriptor)
    failed(refused({ errno, syscall }, ` ${endpoint.text}`).message)
  }
  const prepare = () => {
    if (descriptor < 0) return descriptor
    libc.setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, Uint8Array.of(1, 0, 0, 0))
    const bound = libc.bind(descriptor, address)
    return bound < 0 ? bound : libc.listen(descriptor, BACKLOG)
  }
  const end = whenReady(descriptor, POLL.in, () => {
    const accepted = libc.accept4(descriptor, ACCEPT_FLAGS)
    if (accepted >= 0) connected(connectionOf(accepted))
    else if (![ERRNO.EAGAIN, ERRNO.EINTR, ECONNABORTED, EPROTO].some((errno) => accepted === -errno)) {
      // For example, no descriptor is left. Being called again and again would take a whole core.
      end()
      give(-accepted, 'accept')
    }
  })
  const returned = prepare()
  if (returned >= 0) {
    // This runs as a job, after the caller is done.
    Promise.resolve().then(listening)
    return
  }
  end()
  Promise.resolve().then(() => give(-returned, 'listen'))
}

/**
 * Makes an address. struct sockaddr_in has the family, the port with its higher byte first, the address, and eight unused
 * bytes. struct sockaddr_in6 has family, port, flow, address and scope.
 */
function socketAddress({ address, port }: Endpoint): Uint8Array {
  const isV4 = address.length === 4
  const bytes = new Uint8Array(isV4 ? 16 : 28)
  bytes.set([isV4 ? AF_INET : AF_INET6, 0, port >> 8, port & 0xff])
  bytes.set(address, isV4 ? 4 : 8)
  return bytes
}

function connectionOf(descriptor: number): Connection {
  let isClosed = false
  let isEnding = false
  let stopWatching = () => {}
  let runAtClose = () => {}
  const watch = (events: number, run: () => void) => {
    stopWatching()
    stopWatching = isClosed ? () => {} : whenReady(descriptor, events, run)
  }
  const destroy = () => {
    if (isClosed) return
    isClosed = true
    stopWatching()
    libc.close(descriptor)
    runAtClose()
  }
  /** Waits until the peer is done. */
  const untilGone = () => watch(POLL.peerEnded, destroy)
  untilGone()
  return {
    onData(take) {
      watch(POLL.in, () => {
        const bytes = libc.receive(descriptor, 0, new Uint8Array(0))
        if (bytes === -ERRNO.EAGAIN || bytes === -ERRNO.EINTR) return
        if (typeof bytes === 'number' || bytes.length === 0) destroy()
        else take(bytes)
      })
    },
    onClose(run) {
      runAtClose = run
    },
    stopReading() {
      if (!isEnding) untilGone()
    },
    end(bytes) {
      isEnding = true
      let rest = bytes
      const send = () => {
        const sent = libc.sendto(descriptor, rest, MSG_NOSIGNAL)
        if (sent === -ERRNO.EAGAIN || sent === -ERRNO.EINTR) return
        if (sent < 0) return destroy()
        rest = rest.subarray(sent)
        if (rest.length > 0) return
        libc.shutdown(descriptor, SHUT_WR)
        untilGone()
      }
      watch(POLL.out, send)
    },
    destroy,
  }
}

/**
 * Whether somebody answers. A socket in the file system connects at once, or its queue is full, which is also an answer
 * but not a useful one.
 */
export function doesAnswer(path: string, _milliseconds: number): Promise<boolean> {
  const descriptor = libc.socket(AF_UNIX, STREAM_NONBLOCK, 0)
  if (descriptor < 0) return Promise.resolve(false)
  // struct sockaddr_un: family, path, NUL.
  const address = libc.encode(`  ${path}\0`)
  address[0] = AF_UNIX
  address[1] = 0
  const connected = libc.connect(descriptor, address)
  libc.close(descriptor)
  return Promise.resolve(connected === 0)
}
