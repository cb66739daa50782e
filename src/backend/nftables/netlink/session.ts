import { ERRNO } from '../../../system/errno'
import type { NetlinkSocket } from '../../../system/netlink-socket'
import type { Operation } from '../transaction'
import type { Batch } from './encode-batch'
import { INET } from './protocol'
import {
  CONTROL,
  FLAGS,
  type Message,
  NFTABLES,
  parseErrorMessage,
  readMessages,
  TruncatedError,
} from './wire'
import { createWriter, type Writer } from './writer'

/** Why the kernel did not do what was requested. */
export interface Refusal {
  readonly errno: number
  /** The kernel's own words, where it has any. */
  readonly said: string
  /** The first operation of a transaction that was refused. */
  readonly operation?: Operation
}

export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal }

/** A request for one object. */
export interface Question {
  readonly type: number
  /** Absent: the family of our table. */
  readonly family?: number
  readonly write: (writer: Writer) => void
}

/** All objects of a kind. */
export interface Dump {
  readonly messages: readonly Message[]
  /** The ruleset, ours or somebody else's, changed during the dump. */
  readonly wasInterrupted: boolean
}

/** Sends questions and receives answers on one socket; sequence numbers tell them apart. */
export interface Session {
  run<T extends Operation>(
    transaction: readonly T[],
    encode: (transaction: readonly T[], firstSequence: number) => Batch,
  ): Answer<undefined>
  /** Gets one object per question, or the reason why there is none. Fails as a whole where the socket fails. */
  getAll(questions: readonly Question[]): Answer<readonly Answer<Message>[]>
  /** `family`: as in a question. */
  dump(type: number, write?: (writer: Writer) => void, family?: number): Answer<Dump>
}

/** That many answers of any size fit into the socket's queue at once. */
const MOST_QUESTIONS = 16

/** After these errors nobody knows which answers are still to come on the socket, so the next question gets another socket. */
const LOST: readonly number[] = [ERRNO.ENOBUFS, ERRNO.EMSGSIZE, ERRNO.EAGAIN]

/** `reopen` returns undefined where no socket can be opened any more; then the old one is kept. */
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
  /** Sends questions together, and returns the sequence number of the first one. */
  const ask = (questions: readonly Question[], flags: number): number => {
    const writer = createWriter()
    const first = sequence
    for (const { type, family = INET, write } of questions) {
      const head = { type: (NFTABLES << 8) | type, flags: FLAGS.request | flags, sequence: sequence++ }
      writer.message({ ...head, family, resource: 0 }, () => write(writer))
    }
    const errno = socket.send(writer.bytes(), questions.length)
    if (errno !== 0) throw new SystemError(errno)
    return first
  }
  const getSome = (questions: readonly Question[]): readonly Answer<Message>[] => {
    const first = ask(questions, 0)
    const answers: Answer<Message>[] = questions.map(() => NO_ANSWER)
    let left = questions.length
    receive(socket, {
      isOwn: (other) => other >= first && other < first + questions.length,
      take(message) {
        const refusal = message.type === CONTROL.error ? parseErrorMessage(message) : undefined
        // A process that lacks the capability gets one error for all questions that it sent together (nfnetlink_rcv).
        if (refusal?.errno === ERRNO.EPERM) {
          answers.fill({ ok: false, refusal })
          return true
        }
        answers[message.sequence - first] = refusal ? { ok: false, refusal } : { ok: true, value: message }
        left -= 1
        return left === 0
      },
    })
    return answers
  }
  const dumpOnce = (question: Question): Dump => {
    const own = ask([question], FLAGS.dump)
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
        const { errno, said } = parseErrorMessage(message)
        // The error means the same as the flag.
        wasInterrupted = errno === ERRNO.EINTR
        if (!wasInterrupted) throw new SystemError(errno, said)
        return true
      },
    })
    return { messages, wasInterrupted }
  }
  return {
    run: (transaction, encode) =>
      attempt(() => {
        // An empty transaction has no last operation that would be acknowledged.
        if (transaction.length === 0) return undefined
        const first = sequence
        const { bytes, operations, last } = encode(transaction, first)
        sequence = last + 2
        const errno = socket.send(bytes, operations.length)
        if (errno !== 0) throw new SystemError(errno)
        let refusal: Refusal | undefined
        receive(socket, {
          isOwn: (other) => other >= first && other <= last,
          take(message) {
            if (message.type !== CONTROL.error) return false
            const verdict = parseErrorMessage(message)
            const operation = operations[message.sequence - first - 1]
            if (verdict.errno !== 0) refusal ??= { ...verdict, ...(operation && { operation }) }
            // Answers come in order. An error about the whole (no capability, no nf_tables) refers to the first message,
            // and then no other comes; otherwise the last operation always gets an answer.
            return message.sequence === last || message.sequence === first
          },
        })
        if (refusal) throw new SystemError(refusal.errno, refusal.said, refusal.operation)
        return undefined
      }),
    getAll: (questions) =>
      attempt(() => {
        const answers: Answer<Message>[] = []
        for (let at = 0; at < questions.length; at += MOST_QUESTIONS)
          for (const one of getSome(questions.slice(at, at + MOST_QUESTIONS))) answers.push(one)
        return answers
      }),
    dump: (type, write = () => {}, family = INET) => attempt(() => dumpOnce({ type, write, family })),
  }
}

const NO_ANSWER: Answer<Message> = { ok: false, refusal: { errno: ERRNO.EAGAIN, said: '' } }

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

function answerOf<T>(work: () => T): Answer<T> {
  try {
    return { ok: true, value: work() }
  } catch (error) {
    if (error instanceof SystemError) {
      const { errno, said, operation } = error
      return { ok: false, refusal: { errno, said, ...(operation && { operation }) } }
    }
    // We cannot tell an answer that is cut short from one that never came.
    if (error instanceof TruncatedError)
      return { ok: false, refusal: { errno: ERRNO.EMSGSIZE, said: error.message } }
    throw error
  }
}

interface Answers {
  /** Messages that are left of an earlier, abandoned question are skipped. */
  readonly isOwn: (sequence: number) => boolean
  /** Returns true for the last message that we wait for. */
  readonly take: (message: Message) => boolean
}

/** Passes on the messages that answer a question, and returns the last one. */
function receive(socket: NetlinkSocket, { isOwn, take }: Answers): Message {
  for (;;) {
    const received = socket.receive()
    if (typeof received === 'number') throw new SystemError(received)
    for (const message of readMessages(received)) if (isOwn(message.sequence) && take(message)) return message
  }
}
