import { printable } from '../cni/printable'

/** No text in a log is longer than this; who starts a call may send megabytes. */
const LONGEST_TEXT = 1024

/** One line of JSON, without its end. Characters that a terminal would not show as they are become escapes, as JSON has them. */
export function renderLine(record: Readonly<Record<string, unknown>>): string {
  return printable(JSON.stringify(record, (_, value) => (typeof value === 'string' ? cut(value) : value)))
}

function cut(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 3)}...` : text
}

/** `2026-01-31T13:05:09.120Z`, of seconds since 1970. */
export function timeOf(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString()
}
