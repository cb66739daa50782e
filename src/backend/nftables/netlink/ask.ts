import { ERRNO } from '../../../system/errno'
import type { Outcome } from '../carrier'
import { TABLE_NAME } from '../layout'
import { failed } from './failures'
import { ELEMENTS, GENERATION_ID, MESSAGES } from './protocol'
import type { Answer, Dump, Question, Refusal, Session } from './session'
import { attributesOf, type Message, readU32 } from './wire'

/** Thrown and caught within this folder, so that a read of many parts is written like a read of one. */
export class RefusedRead extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.said)
  }
}

export function must<T>(answer: Answer<T>): T {
  if (!answer.ok) throw new RefusedRead(answer.refusal)
  return answer.value
}

/** The answer; undefined for what does not exist. */
export function mayLack<T>(answer: Answer<T>): T | undefined {
  return !answer.ok && answer.refusal.errno === ERRNO.ENOENT ? undefined : must(answer)
}

export function reading<T>(session: Session, read: (session: Session) => T): Outcome<T> {
  try {
    return { ok: true, value: read(session) }
  } catch (error) {
    if (!(error instanceof RefusedRead)) throw error
    const failure = failed(error.refusal)
    return error.refusal.errno === ERRNO.EINVAL && lacksNfTables(session)
      ? { ...failure, failure: 'unsupported', said: `${failure.said} (this kernel has no nf_tables)` }
      : failure
  }
}

/**
 * A kernel with nfnetlink and without nf_tables answers each question with EINVAL, and only a batch with EOPNOTSUPP
 * (nfnetlink_rcv_msg; seen on 6.1). With nf_tables the generation can always be asked.
 */
export function lacksNfTables(session: Session): boolean {
  const answers = session.getAll([{ type: MESSAGES.getGeneration, write: () => {} }])
  const [answer] = answers.ok ? answers.value : []
  return answer !== undefined && !answer.ok && answer.refusal.errno === ERRNO.EINVAL
}

/** Gets one object by its name. */
export function getOne(session: Session, question: Question): Answer<Message> {
  const [answer] = must(session.getAll([question]))
  return answer ?? { ok: false, refusal: { errno: ERRNO.EAGAIN, said: '' } }
}

export function dumpOfSet(session: Session, set: string): Dump {
  return must(
    session.dump(MESSAGES.getSetElement, (writer) => {
      writer.text(ELEMENTS.table, TABLE_NAME)
      writer.text(ELEMENTS.set, set)
    }),
  )
}

/** A number that changes with every transaction of anybody. */
export function generation(session: Session): number | undefined {
  const message = must(getOne(session, { type: MESSAGES.getGeneration, write: () => {} }))
  return readU32(attributesOf(message).get(GENERATION_ID))
}
