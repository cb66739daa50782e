import { printable } from '../cni/printable'
import { formatAddress } from '../policy/address-text'
import { formatTarget } from '../policy/range-text'
import type { Explanation, Part } from './explanation'
import { wayOf } from './way'
import { answerOf, becauseWords, verdictWords, whoOf } from './words'

/** The text for people: a paragraph for each question, and below them the lines that hold for all. */
export function renderExplanations(explanations: readonly Explanation[], unseen: readonly string[]): string {
  // A name from a cache may contain a line break, which must not make a new line.
  const paragraphs = explanations.map((one) => linesOf(one).map(printable).join('\n'))
  const end = unseen.map((line) => printable(`not seen: ${line}`))
  return `${[...paragraphs, ...(end.length > 0 ? [end.join('\n')] : [])].join('\n\n')}\n`
}

function linesOf(explanation: Explanation): string[] {
  const { parts, notes, problems, pod, destination, destinationText } = explanation
  const to = formatTarget(destination)
  const [first] = parts
  const isOne = parts.length === 1 && first !== undefined
  const named = destinationText === undefined ? to : `${destinationText} (${to})`
  const who = pod && pod.pod !== explanation.sourceText && pod.pod !== '' ? `, pod ${pod.pod}` : ''
  const network = pod ? `${who}, network ${pod.network}` : ''
  const heading = `${whoOf(explanation)}${network}, to ${named}:`
  return [
    isOne ? `${heading} ${answerOf(first)}` : heading,
    ...parts.flatMap((part) => partLines(explanation, part, isOne)),
    ...problems.map((line) => `  problem: ${line}`),
    ...notes.map((line) => `  note: ${line}`),
  ]
}

function partLines(explanation: Explanation, part: Part, isOne: boolean): string[] {
  const { because, wanted, olderFlows, destination } = part
  const reason =
    because === undefined ? [] : [`  ${wanted ? 'the conflist asks for' : 'because'}: ${wantedWords(part)}`]
  if (!isOne) {
    const why = because && !wanted ? ` (${becauseWords(because)})` : ''
    return [`  ${formatTarget(destination)}: ${answerOf(part)}${why}`, ...(wanted ? indented(reason) : [])]
  }
  const older = new Map<string, number>()
  for (const { seenAs } of olderFlows)
    older.set(formatAddress(seenAs), (older.get(formatAddress(seenAs)) ?? 0) + 1)
  return [
    ...reason,
    ...wayOf(explanation, part).map((line) => `    ${line}`),
    ...[...older].map(
      ([seenAs, count]) =>
        `  established: ${count === 1 ? '1 flow keeps' : `${count} flows keep`} ${seenAs}, which was decided when it began`,
    ),
  ]
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`)
}

function wantedWords({ because, wanted }: Part): string {
  const why = because ? becauseWords(because) : ''
  return wanted ? `${verdictWords(wanted)} (${why})` : why
}
