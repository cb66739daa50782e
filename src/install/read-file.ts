import { close, openEntryToRead, readRest, statusOfOpen } from '#system/files'
import { decode, decodeLatin1, encode, encodeLatin1 } from '#system/text'
import { scanJson } from '../cni/json-scan'
import { parseJsonText } from '../cni/json-text'
import type { FileStatus } from '../system/files'
import { type Place, requireAuthors } from './directory'

/** More than any conflist; a file that is larger is something else. */
const LARGEST = 16 << 20

/** A file that was opened once: what is read, its owner, its mode and its attributes are those of one file. */
export interface OpenFile {
  readonly descriptor: number
  readonly status: FileStatus
}

/** Runs `work` with a regular file. A FIFO would wait for ever, so opening does not wait. */
export function withFile<T>(place: Place, work: (file: OpenFile) => T): T {
  const descriptor = openEntryToRead(place.directory.at(place.name))
  try {
    const status = statusOfOpen(descriptor)
    if (status.kind !== 'file') throw new Error('it is no regular file')
    requireAuthors(place, status.uid)
    return work({ descriptor, status })
  } finally {
    close(descriptor)
  }
}

/**
 * One character for each byte (Latin-1). A conflist may hold bytes that are no UTF-8, which runtimes accept, and which a
 * decoder would replace; JSON's own signs are ASCII, so the text can be parsed and edited in this form.
 */
export function readByteText({ descriptor, status }: OpenFile): string {
  if (status.size > LARGEST) throw new Error(`it is larger than ${LARGEST} bytes`)
  return decodeLatin1(readRest(descriptor))
}

/**
 * The parser that finds a plugin's place in a text calls itself for each level, and the engine's stack ends below 4,000. No
 * conflist comes near this.
 */
const DEEPEST = 500

/** A text that JSON.parse has accepted can be edited by `edit-conflist.ts`. */
export function isEditable(byteText: string): boolean {
  return scanJson(byteText, { allowsRepeatedKeys: true, deepest: DEEPEST }).fault === undefined
}

/** Throws with the position of a fault, in characters. */
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

/** A value as it is parsed from a byte text. */
export function inByteText<T>(value: T): T {
  return JSON.parse(toByteText(JSON.stringify(value)))
}

export function toByteText(text: string): string {
  return decodeLatin1(encode(text))
}

/** For messages, and for names. */
export function fromByteText(byteText: string): string {
  return decode(encodeLatin1(byteText))
}
