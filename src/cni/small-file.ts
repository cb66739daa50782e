import { readFileSync, statSync } from 'node:fs'

/** More than any conflist or result; a file that is larger is something else. */
const LARGEST = 16 << 20

/** A regular file of sensible size: a FIFO would wait for ever, and a device never end. */
export function readSmallFile(path: string): string {
  const status = statSync(path)
  if (!status.isFile()) throw new Error('it is no regular file')
  if (status.size > LARGEST) throw new Error(`it is larger than ${LARGEST} bytes`)
  return readFileSync(path, 'utf8')
}
