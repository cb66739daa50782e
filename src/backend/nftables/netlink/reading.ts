import type { Outcome } from '../carrier'
import { TABLE_NAME } from '../render'
import { failed } from './failures'
import { ELEMENTS, MESSAGES } from './protocol'
import type { Answer, Refusal, Session } from './session'
import type { Message } from './wire'

/** Thrown within this folder, so that a read of many parts reads like one. */
export class RefusedRead extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal.said)
  }
}

export function must<T>(answer: Answer<T>): T {
  if (!answer.ok) throw new RefusedRead(answer.refusal)
  return answer.value
}

export function reading<T>(read: () => T): Outcome<T> {
  try {
    return { ok: true, value: read() }
  } catch (error) {
    if (error instanceof RefusedRead) return failed(error.refusal)
    throw error
  }
}

export function messagesOfSet(session: Session, set: string): readonly Message[] {
  return must(
    session.dump(MESSAGES.getSetElement, (writer) => {
      writer.text(ELEMENTS.table, TABLE_NAME)
      writer.text(ELEMENTS.set, set)
    }),
  )
}
