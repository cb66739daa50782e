import type { Layout } from '../carrier'
import { NOWHERE } from '../elsewhere'
import { layoutChain, OWNERS, TABLE_NAME } from '../layout'
import { mayLack, must } from './ask'
import { writeKeyAlone } from './encode-elements'
import { CHAIN, MESSAGES } from './protocol'
import type { Question, Session } from './session'

/** Reads, with one system call, what a DEL that found nothing has to know about the table. */
export function readLayout(session: Session): Layout {
  const mark: Question = {
    type: MESSAGES.getSetElement,
    write: (writer) => writeKeyAlone(writer, OWNERS, NOWHERE),
  }
  const answers = must(session.getAll([chainQuestion(layoutChain), mark]))
  const [isCurrent = false, hasMark = false] = answers.map((answer) => mayLack(answer) !== undefined)
  return { isCurrent, hasMark }
}

/** The question for a chain of our table. */
export function chainQuestion(name: string): Question {
  return {
    type: MESSAGES.getChain,
    write(writer) {
      writer.text(CHAIN.table, TABLE_NAME)
      writer.text(CHAIN.name, name)
    },
  }
}
