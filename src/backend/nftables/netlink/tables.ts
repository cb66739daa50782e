import type { Outcome } from '../carrier'
import { MESSAGES, TABLE } from './protocol'
import { getOne, mayLack, reading } from './reading'
import type { Session } from './session'
import type { Writer } from './writer'

/** Whether a table exists, anybody's. */
export function hasTable(session: Session, family: number, name: string): Outcome<boolean> {
  const question = {
    type: MESSAGES.getTable,
    family,
    write: (writer: Writer) => writer.text(TABLE.name, name),
  }
  return reading(() => mayLack(getOne(session, question)) !== undefined)
}
