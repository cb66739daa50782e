import { close, openEntryToRead, readRest, statusOfOpen } from '#system/files'
import { decode, decodeLatin1, encode, encodeLatin1 } from '#system/text'
import { scanJson } from '../cni/json-scan'
import { parseJsonText } from '../cni/json-text'
import type { FileStatus } from '../system/files'
import { type Place, requireAuthors } from './directory'

/** No conflist is this large; a larger file is something else. */
const LARGEST = 16 << 20

/** A file that was opened once, so that its content, owner, mode and attributes belong to one file. */
export interface OpenFile {
  readonly descriptor: number
  readonly status: FileStatus
}

/** Runs `work` with a regular file. Opening does not wait, because a FIFO would make it wait for ever. */
export function withFile<T>(place: Place, work: (file: OpenFile) => T): T {
  const descriptor = openEntryToRead(place.directory.at(place.name))
  try {
    const status = statusOfOpen(descriptor)
    if (status.kind !== 'file')
      throw new Error(status.kind === 'directory' ? 'it is a directory' : 'it is not a regular file')
    requireAuthors(place, status.uid)
    return work({ descriptor, status })
  } finally {
    close(descriptor)
  }
}

/**
 * The text with one character per byte (Latin-1). A conflist may hold bytes that are not UTF-8: runtimes accept them, and
 * a decoder would replace them. JSON's own characters are ASCII, so the text can be parsed and edited in this form.
 */
export function readByteText({ descriptor, status }: OpenFile): string {
  if (status.size > LARGEST) throw new Error(`it is larger than ${LARGEST} bytes`)
  return decodeLatin1(readRest(descriptor))
}

/**
 * The parser that finds a plugin's place in a text calls itself for each level, and the engine's stack ends below 4,000
 * levels. No conflist comes near this limit.
 */
const DEEPEST = 500

/** Whether `edit-conflist.ts` can edit a text that JSON.parse has accepted. */
export function isEditable(byteText: string): boolean {
  return scanJson(byteText, { allowsRepeatedKeys: true, deepest: DEEPEST }).fault === undefined
}

/** Parses a byte text. Throws with the position of a fault, in characters. */
export function parseByteText(byteText: string): unknown {
  if (byteText.trim() === '') throw new Error('it is empty')
  if (byteText.startsWith(BYTE_ORDER_MARK))
    throw new Error(
      'line 1, column 1: it begins with a byte order mark, which runtimes refuse; save it as UTF-8 without one',
    )
  parseJsonText(fromByteText(byteText), DEEPEST)
  return JSON.parse(byteText)
}

/** U+FEFF in UTF-8. */
const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf'

export function bytesOf(byteText: string): Uint8Array {
  return encodeLatin1(byteText)
}

/** A value in the form that parsing a byte text gives. */
export function inByteText<T>(value: T): T {
  return JSON.parse(toByteText(JSON.stringify(value)))
}

export function toByteText(text: string): string {
  return decodeLatin1(encode(text))
}

/** The text of a byte text, for messages and names. */
export function fromByteText(byteText: string): string {
  return decode(encodeLatin1(byteText))
}
