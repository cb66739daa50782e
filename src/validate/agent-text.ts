import { parseAgentFile } from '../config/agent-file'
import type { Fault } from '../config/fault'
import { MEANS_NOTHING } from '../config/sources'
import { find, type Report, reportAt } from './judgement'
import { splitPlace } from './lines'
import type { Text } from './text'

/** Judges a config of ip-masq-agent with the reader of `configFiles`. `place` is its name in messages. */
export async function judgeAgentText(report: Report, text: Text, place: string): Promise<void> {
  const faults: Fault[] = []
  const { ignored } = await parseAgentFile(text.text, place, (fault) => {
    faults.push(fault)
  })
  for (const { path, message: said } of faults) {
    const { place: inText, rest: message } = splitPlace(said)
    const at = inText ? text.placeAt(inText) : text.placeOf(path)
    reportAt(report, text.file, { severity: 'error', rule: 'agent-file', place: at, message })
  }
  for (const key of ignored) {
    const message = `${key} is ignored: ${MEANS_NOTHING[key]}`
    find(report, { text, path: [] }, { severity: 'warning', rule: 'ignored', path: [key], message })
  }
}
