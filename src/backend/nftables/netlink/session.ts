import { ERRNO } from '../../../libc'
import { now } from '../../../runtime'
import { pause } from '../../../stdio'
import type { Operation, Transaction } from '../transaction'
import { encodeTransaction } from './encode'
import { INET } from './protocol'
import type { NetlinkSocket } from './socket'
import { CONTROL, FLAGS, type Message, NFTABLES, parseVerdict, readMessages, TruncatedError } from './wire'
import { createWriter, type Writer } from './writer'

/** Why the kernel did not answer as it was asked to. */
export interface Refusal {
  readonly errno: number
  /** In the kernel's own words, where it has any. */
  readonly said: string
  /** The operation of a transaction that was refused first. */
  readonly operation?: Operation
}

export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal }

/** Questions and answers on one socket, told apart by their sequence numbers. */
export interface Session {
  run(transaction: Transaction): Answer<undefined>
  /** The one object that is asked for. */
  get(type: number, write: (writer: Writer) => void): Answer<Message>
  /** All of a kind; again from the beginning where it changed meanwhile. */
  dump(type: number, write?: (writer: Writer) => void): Answer<readonly Message[]>
}

/** How long to dump again what changes while it is dumped: on a busy node everybody's ADDs do. */
const DUMPING_MS = 10_000

/** After these nobody knows what is still under way on the socket: the next question gets another. */
const LOST: readonly number[] = [ERRNO.ENOBUFS, ERRNO.EMSGSIZE, ERRNO.EAGAIN]

/** `reopen`: undefined where there is no socket any more; then the old one goes on. */
export function createSession(first: NetlinkSocket, reopen: () => NetlinkSocket | undefined): Session {
  let socket = first
  let sequence = 1
  const attempt = <T>(work: () => T): Answer<T> => {
    const answer = answerOf(work)
    if (!answer.ok && LOST.includes(answer.refusal.errno)) {
      const other = reopen()
      if (other) {
        socket.close()
        socket = other
      }
    }
    return answer
  }
  const ask = (type: number, flags: number, write: (writer: Writer) => void): number => {
    const writer = createWriter()
    const own = sequence++
    const head = { type: (NFTABLES << 8) | type, flags: FLAGS.request | flags, sequence: own }
    writer.message({ ...head, family: INET, resource: 0 }, () => write(writer))
    const errno = socket.send(writer.bytes(), 1)
    if (errno !== 0) throw new SystemError(errno)
    return own
  }
  const dumpOnce = (type: number, write: (writer: Writer) => void) => {
    const own = ask(type, FLAGS.dump, write)
    const messages: Message[] = []
    let wasInterrupted = false
    receive(socket, {
      isOwn: (other) => other === own,
      take(message) {
        wasInterrupted ||= (message.flags & FLAGS.interrupted) !== 0
        if (message.type === CONTROL.done) return true
        if (message.type !== CONTROL.error) {
          messages.push(message)
          return false
        }
        const { errno, said } = parseVerdict(message)
        // As the flag says it.
        wasInterrupted = errno === ERRNO.EINTR
        if (!wasInterrupted) throw new SystemError(errno, said)
        return true
      },
    })
    return wasInterrupted ? undefined : messages
  }
  return {
    run: (transaction) =>
      attempt(() => {
        // No last operation would be acknowledged.
        if (transaction.length === 0) return undefined
        const first = sequence
        const { bytes, operations, last } = encodeTransaction(transaction, first)
        sequence = last + 2
        const errno = socket.send(bytes, operations.length)
        if (errno !== 0) throw new SystemError(errno)
        let refusal: Refusal | undefined
        receive(socket, {
          isOwn: (other) => other >= first && other <= last,
          take(message) {
            if (message.type !== CONTROL.error) return false
            const verdict = parseVerdict(message)
            const operation = operations[message.sequence - first - 1]
            if (verdict.errno !== 0) refusal ??= { ...verdict, ...(operation && { operation }) }
            // They come in order. What is about the whole (no capability, no nf_tables) is about its first message, and then no
            // other comes; else the last operation always has one.
            return message.sequence === last || message.sequence === first
          },
        })
        if (refusal) throw new SystemError(refusal.errno, refusal.said, refusal.operation)
        return undefined
      }),
    get: (type, write) =>
      attempt(() => {
        const own = ask(type, 0, write)
        const message = receive(socket, { isOwn: (other) => other === own, take: () => true })
        if (message.type !== CONTROL.error) return message
        const { errno, said } = parseVerdict(message)
        throw new SystemError(errno, said)
      }),
    dump: (type, write = () => {}) =>
      attempt(() => {
        const again = untilLate()
        for (;;) {
          const messages = dumpOnce(type, write)
          if (messages) return messages
          if (!again()) throw new SystemError(ERRNO.EINTR, TOO_FAST)
        }
      }),
  }
}

/** Thrown and caught within this file. */
class SystemError extends Error {
  constructor(
    readonly errno: number,
    readonly said = '',
    readonly operation?: Operation,
  ) {
    super(said)
  }
}

export const TOO_FAST = 'the ruleset changes too fast to be read'

/** A pause that grows, and differs between those who wait for each other; false when it is time to give up. */
export function untilLate(): () => boolean {
  const end = now() + DUMPING_MS
  let longest = 1
  return () => {
    longest = Math.min(2 * longest, 50)
    pause(1 + Math.random() * longest)
    return now() < end
  }
}

function answerOf<T>(work: () => T): Answer<T> {
  try {
    return { ok: true, value: work() }
  } catch (error) {
    if (error instanceof SystemError) {
      const { errno, said, operation } = error
      return { ok: false, refusal: { errno, said, ...(operation && { operation }) } }
    }
    // What is cut short cannot be told from what never came.
    if (error instanceof TruncatedError)
      return { ok: false, refusal: { errno: ERRNO.EMSGSIZE, said: error.message } }
    throw error
  }
}

interface Answers {
  /** What is left of an earlier question that was given up is passed over. */
  readonly isOwn: (sequence: number) => boolean
  /** True when this is the last that is waited for. */
  readonly take: (message: Message) => boolean
}

/** Goes through the messages that answer a question; the last one. */
function receive(socket: NetlinkSocket, { isOwn, take }: Answers): Message {
  for (;;) {
    const received = socket.receive()
    if (typeof received === 'number') throw new SystemError(received)
    for (const message of readMessages(received)) if (isOwn(message.sequence) && take(message)) return message
  }
}
