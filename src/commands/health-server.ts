import { after } from '#system/clock'
import { listenAt } from '#system/sockets'
import { decodeLatin1, encode } from '#system/text'
import type { Connection, Endpoint } from '../system/sockets'

/**
 * A server for a few small GET requests. Everybody who reaches its address can connect, so it has limits: eight
 * connections, of which the oldest makes room for the next one; five seconds and 8 KiB for a request; and no body.
 * node:http would keep every connection until the process cannot open files any more.
 */

const MOST_CONNECTIONS = 8
const CONNECTION_MS = 5_000
const LARGEST_REQUEST = 8 * 1024

/** The time until the next attempt when the port is taken. */
const RETRY_MS = 5_000

export interface Answer {
  readonly status: 200 | 400 | 404 | 431 | 503
  readonly text: string
  /** If it is absent, the body is plain text. */
  readonly contentType?: string
}

/** Answers a GET or HEAD request for a path; undefined if there is no such path. */
export type Answering = (path: string) => Answer | undefined | Promise<Answer | undefined>

export interface Served {
  readonly endpoint: Endpoint
  /** The option that names the endpoint, for messages. */
  readonly option: `--${string}`
  /** The paths that the 404 names, as in "/livez or /readyz". */
  readonly paths: string
  readonly answer: Answering
}

const REASONS: Readonly<Record<Answer['status'], string>> = {
  200: 'OK',
  400: 'Bad Request',
  404: 'Not Found',
  431: 'Request Header Fields Too Large',
  503: 'Service Unavailable',
}

/** Listens, and tries again if the port is taken. The rest of the work goes on meanwhile. */
export function serve(served: Served, warn: (message: string) => void): void {
  const { endpoint, option } = served
  const open = new Set<Connection>()
  let said: string | undefined
  const connected = (connection: Connection) => {
    open.add(connection)
    for (const oldest of open) {
      if (open.size <= MOST_CONNECTIONS) break
      open.delete(oldest)
      oldest.destroy()
    }
    const cancel = after(CONNECTION_MS, () => connection.destroy())
    connection.onClose(() => {
      open.delete(connection)
      cancel()
    })
    readRequest(connection, (head) => {
      respond(connection, head, served).catch(() => connection.destroy())
    })
  }
  const listening = () => {
    if (said !== undefined) warn(`Listening on ${endpoint.text} now`)
    said = undefined
  }
  const failed = (reason: string) => {
    const message = `Cannot listen on ${endpoint.text}: ${reason}; trying again every ${RETRY_MS / 1000} s, use another ${option}`
    if (message !== said) warn(message)
    said = message
    after(RETRY_MS, listen)
  }
  const listen = () => listenAt(endpoint, { listening, failed, connected })
  listen()
}

/** Calls back once with the request line and the headers, or with undefined if they are too long. */
function readRequest(connection: Connection, done: (head: string | undefined) => void): void {
  let head = ''
  connection.onData((bytes) => {
    head += decodeLatin1(bytes)
    const isWhole = head.includes('\r\n\r\n')
    if (!isWhole && head.length <= LARGEST_REQUEST) return
    // Whatever comes after that is neither read nor kept.
    connection.stopReading()
    done(isWhole && head.indexOf('\r\n\r\n') <= LARGEST_REQUEST ? head : undefined)
  })
}

async function respond(connection: Connection, head: string | undefined, served: Served): Promise<void> {
  const [method = '', path = '', version] = head?.split('\r\n', 1)[0]?.split(' ') ?? []
  const isKnown = method === 'GET' || method === 'HEAD'
  const { status, text, contentType } = refusalOf(head, version) ??
    (isKnown ? await served.answer(path) : undefined) ?? { status: 404, text: `ask for ${served.paths}\n` }
  const headers = [
    `HTTP/1.1 ${status} ${REASONS[status]}`,
    `content-type: ${contentType ?? 'text/plain; charset=utf-8'}`,
    `content-length: ${encode(text).length}`,
    'connection: close',
  ]
  connection.end(encode(`${headers.join('\r\n')}\r\n\r\n${method === 'HEAD' ? '' : text}`))
}

function refusalOf(head: string | undefined, version: string | undefined): Answer | undefined {
  if (head === undefined) return { status: 431, text: `send at most ${LARGEST_REQUEST} bytes\n` }
  if (!version?.startsWith('HTTP/1.')) return { status: 400, text: 'send an HTTP/1.1 request\n' }
  return undefined
}
