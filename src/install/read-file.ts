import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs'
import { parseJsonText } from '../cni/json-text'
import { type Place, requireAuthors } from './directory'

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants

/** More than any conflist; a file that is larger is something else. */
const LARGEST = 16 << 20

/** A file that was opened once: what is read, its owner, its mode and its attributes are those of one file. */
export interface OpenFile {
  readonly descriptor: number
  readonly status: Stats
}

/** Runs `work` with a regular file. A FIFO would wait for ever, so opening does not wait. */
export async function withFile<T>(place: Place, work: (file: OpenFile) => T | Promise<T>): Promise<T> {
  const descriptor = openSync(place.directory.at(place.name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const status = fstatSync(descriptor)
    if (!status.isFile()) throw new Error('it is no regular file')
    requireAuthors(place, status.uid)
    return await work({ descriptor, status })
  } finally {
    closeSync(descriptor)
  }
}

/**
 * One character for each byte (Latin-1). A conflist may hold bytes that are no UTF-8, which runtimes accept, and which a
 * decoder would replace; JSON's own signs are ASCII, so the text can be parsed and edited in this form.
 */
export function readByteText({ descriptor, status }: OpenFile): string {
  if (status.size > LARGEST) throw new Error(`it is larger than ${LARGEST} bytes`)
  return readFileSync(descriptor).toString('latin1')
}

/** Throws with the position of a fault, in characters. */
export function parseByteText(byteText: string): unknown {
  if (byteText.trim() === '') throw new Error('it is empty')
  if (byteText.startsWith(BYTE_ORDER_MARK))
    throw new Error(
      'line 1, column 1: it begins with a byte order mark, which runtimes refuse; save it as UTF-8 without one',
    )
  parseJsonText(fromByteText(byteText))
  return JSON.parse(byteText)
}

/** U+FEFF in UTF-8. */
const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf'

export function bytesOf(byteText: string): Uint8Array {
  return Buffer.from(byteText, 'latin1')
}

/** A value as it is parsed from a byte text. */
export function inByteText<T>(value: T): T {
  return JSON.parse(toByteText(JSON.stringify(value)))
}

export function toByteText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** For messages, and for names. */
export function fromByteText(byteText: string): string {
  return Buffer.from(byteText, 'latin1').toString('utf8')
}
