import { close, openToAppend, statusOfOpen, writeNext } from '#system/files'
import { effectiveUser } from '#system/program'
import { encode } from '#system/text'
import { errorCode } from '../system/errors'
import { inPlainWords } from '../system/plain-words'

const MODE = 0o600

/**
 * Adds a line to a log, in one write, so that lines of calls that run at the same time never mix (write(2), O_APPEND). Waits for
 * nobody, and follows no link. Returns why the line is not there, for people; undefined where it is.
 */
export function appendLine(path: string, line: string): string | undefined {
  try {
    const file = openToAppend(path, MODE)
    try {
      requireOwnFile(file)
      const bytes = encode(`${line}\n`)
      const written = writeNext(file, bytes)
      if (written < bytes.length) throw new Error(`only ${written} of ${bytes.length} bytes were written`)
    } finally {
      close(file)
    }
    return undefined
  } catch (error) {
    const why = errorCode(error) === 'ENOENT' ? 'its directory does not exist; make it' : inPlainWords(error)
    return `Cannot log to ${path}: ${why}`
  }
}

/** A FIFO or a device is no log. A file of another user, or one with another name too, may be something else that root must not change. */
function requireOwnFile(file: number): void {
  const { kind, uid, links } = statusOfOpen(file)
  if (kind !== 'file') throw new Error('it is not a regular file')
  if (uid !== effectiveUser()) throw new Error(`it belongs to user ${uid}`)
  if (links !== 1) throw new Error(`it has ${links} hard links`)
}
