import { getOne, lacksNfTables, mayLack, reading } from './ask'
import { ownSession } from './own-session'
import { MESSAGES, NFPROTO, TABLE } from './protocol'
import type { Writer } from './writer'

/**
 * Whether nf_tables has a table of anybody, which is worth knowing before a tool is started to list it. True where the
 * kernel cannot be asked, or does not answer.
 */
export function mayHaveTable(family: keyof typeof NFPROTO, name: string): boolean {
  const own = ownSession()
  if (!own) return true
  const question = {
    type: MESSAGES.getTable,
    family: NFPROTO[family],
    write: (writer: Writer) => writer.text(TABLE.name, name),
  }
  const outcome = reading(own, () => mayLack(getOne(own, question)) !== undefined)
  return outcome.ok ? outcome.value : outcome.failure !== 'unsupported'
}

/** Whether the kernel has nf_tables, or can load it. True where the kernel cannot be asked. */
export function mayHaveNfTables(): boolean {
  const own = ownSession()
  return !own || !lacksNfTables(own)
}
