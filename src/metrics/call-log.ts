import { close, openEntryToRead, readAt, statusOfOpen } from '#system/files'
import { decode } from '#system/text'
import { isMissing } from '../system/errors'

/** Reads a log of calls while it grows, and across its rotations. */
export interface CallLog {
  /** Passes on the whole lines that were added since the last look. Throws the system's error. A missing file has no lines. */
  look(take: (line: string) => void): void
}

/** Where the next look begins. */
interface Place {
  /** Device and inode. */
  readonly file: string
  readonly offset: number
}

const PIECE = 64 * 1024

/** With `fromEnd`, lines that exist at the first look are skipped. */
export function followCallLog(path: string, { fromEnd }: { readonly fromEnd: boolean }): CallLog {
  let place: Place | undefined
  let isFirst = true
  return {
    look(take) {
      const begin = (file: string, size: number): Place => {
        if (place?.file === file && place.offset <= size) return place
        // It is another file now, or it was emptied (copytruncate).
        return { file, offset: fromEnd && isFirst ? size : 0 }
      }
      // Lines that were added between the last look and a rotation are in the file that logrotate has renamed.
      if (place)
        place = readFrom(`${path}.1`, (file) => (file === place?.file ? place : undefined), take) ?? place
      place = readFrom(path, begin, take) ?? place
      isFirst = false
    },
  }
}

/** Reads from the place that `begin` returns, and returns the place where the last whole line ends. */
function readFrom(
  path: string,
  begin: (file: string, size: number) => Place | undefined,
  take: (line: string) => void,
): Place | undefined {
  const descriptor = open(path)
  if (descriptor === undefined) return undefined
  try {
    const { device, inode, size, kind } = statusOfOpen(descriptor)
    if (kind !== 'file') throw new Error(`${path} is not a regular file`)
    const start = begin(`${device}:${inode}`, size)
    return start && { ...start, offset: readLines(descriptor, start.offset, take) }
  } finally {
    close(descriptor)
  }
}

function open(path: string): number | undefined {
  try {
    return openEntryToRead(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

const LINE_FEED = 0x0a

/** Reads in pieces, so that a long log takes no more memory than a short one. We write no line that is longer than a piece. */
function readLines(descriptor: number, from: number, take: (line: string) => void): number {
  const room = new Uint8Array(PIECE)
  let offset = from
  for (;;) {
    const length = readAt(descriptor, room, offset)
    const end = room.subarray(0, length).lastIndexOf(LINE_FEED) + 1
    if (end > 0) for (const line of decode(room.subarray(0, end - 1)).split('\n')) take(line)
    if (end === 0 && length < PIECE) return offset
    offset += end > 0 ? end : length
  }
}
