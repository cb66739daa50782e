import { createServer, type Socket } from 'node:net'

/**
 * A server for a few small GET requests on the loopback interface. Everybody on the node can connect to it, so it keeps
 * little of anything: eight connections, of which the oldest makes room for the next one, five seconds and 8 KiB for a
 * request, and no body. node:http would keep every connection that was opened, until no file could be opened any more.
 */

const MOST_CONNECTIONS = 8
const CONNECTION_MS = 5_000
const LARGEST_REQUEST = 8 * 1024

/** How soon to try again when the port is not to be had. */
const RETRY_MS = 5_000

export interface Answer {
  readonly status: 200 | 400 | 404 | 431 | 503
  readonly text: string
}

const REASONS: Readonly<Record<Answer['status'], string>> = {
  200: 'OK',
  400: 'Bad Request',
  404: 'Not Found',
  431: 'Request Header Fields Too Large',
  503: 'Service Unavailable',
}

/**
 * Listens on 127.0.0.1, and keeps trying where the port is taken: the work goes on whatever becomes of the port.
 * `answer` gets the path of a GET or HEAD request.
 */
export function serve(
  port: number,
  answer: (path: string) => Answer | undefined,
  warn: (message: string) => void,
): void {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    // A peer that resets the connection wants no answer.
    socket.on('error', () => socket.destroy())
    for (const oldest of open) {
      if (open.size <= MOST_CONNECTIONS) break
      open.delete(oldest)
      oldest.destroy()
    }
    const timer = setTimeout(() => socket.destroy(), CONNECTION_MS)
    socket.once('close', () => clearTimeout(timer))
    readRequest(socket, (head) => respond(socket, head, answer))
  })
  let said: string | undefined
  server.on('listening', () => {
    if (said !== undefined) warn(`Listening on 127.0.0.1:${port} now`)
    said = undefined
  })
  server.on('error', (error) => {
    const message = `Cannot listen on 127.0.0.1:${port}: ${error.message}; trying again every ${RETRY_MS / 1000} s, use another --health-port`
    if (message !== said) warn(message)
    said = message
    setTimeout(listen, RETRY_MS)
  })
  const listen = () => {
    if (!server.listening) server.listen({ host: '127.0.0.1', port })
  }
  listen()
}

/** Calls back once with the request line and headers, or with undefined where they are too long. */
function readRequest(socket: Socket, done: (head: string | undefined) => void): void {
  let head = ''
  const read = (bytes: Uint8Array) => {
    head += Buffer.from(bytes).toString('latin1')
    const isWhole = head.includes('\r\n\r\n')
    if (!isWhole && head.length <= LARGEST_REQUEST) return
    // What else comes is neither read nor kept.
    socket.off('data', read)
    socket.pause()
    done(isWhole && head.indexOf('\r\n\r\n') <= LARGEST_REQUEST ? head : undefined)
  }
  socket.on('data', read)
}

function respond(
  socket: Socket,
  head: string | undefined,
  answer: (path: string) => Answer | undefined,
): void {
  const [method = '', path = '', version] = head?.split('\r\n', 1)[0]?.split(' ') ?? []
  const { status, text } = answerOf(head, version, () =>
    method === 'GET' || method === 'HEAD' ? answer(path) : undefined,
  )
  const headers = [
    `HTTP/1.1 ${status} ${REASONS[status]}`,
    'content-type: text/plain; charset=utf-8',
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
  ]
  socket.end(`${headers.join('\r\n')}\r\n\r\n${method === 'HEAD' ? '' : text}`)
}

function answerOf(
  head: string | undefined,
  version: string | undefined,
  answer: () => Answer | undefined,
): Answer {
  if (head === undefined) return { status: 431, text: `send at most ${LARGEST_REQUEST} bytes\n` }
  if (!version?.startsWith('HTTP/1.')) return { status: 400, text: 'send an HTTP/1.1 request\n' }
  return answer() ?? { status: 404, text: 'ask for /livez or /readyz\n' }
}
