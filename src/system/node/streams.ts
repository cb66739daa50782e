import { errorCode, NotUtf8Error } from '../errors'
import type { Output } from '../streams'
import { pause } from './clock'
import { loadBuiltin } from './load-builtin'

/** The streams of `process` cost 1 to 2 ms to set up, so we make the system calls ourselves. */

export function readStdin(): string {
  const { readSync } = loadBuiltin('node:fs')
  const chunks: Uint8Array[] = []
  for (;;) {
    const chunk = new Uint8Array(64 * 1024)
    const length = untilReady(() => readSync(0, chunk))
    if (length === 0) return decode(Buffer.concat(chunks))
    chunks.push(chunk.subarray(0, length))
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new NotUtf8Error()
  }
}

export function write(descriptor: Output, text: string): void {
  const { writeSync } = loadBuiltin('node:fs')
  let rest: Uint8Array = new TextEncoder().encode(text)
  while (rest.length > 0) rest = rest.subarray(untilReady(() => writeSync(descriptor, rest)))
}

/** A pipe or a socket may be non-blocking, set so by whoever holds the other end: then we wait for room or data. */
function untilReady<T>(attempt: () => T): T {
  for (;;) {
    try {
      return attempt()
    } catch (error) {
      const code = errorCode(error)
      if (code !== 'EAGAIN' && code !== 'EINTR') throw error
      pause(1)
    }
  }
}

/** A thread of the runtime's own makes the system call, so it may block. */
export function writeSome(descriptor: Output, bytes: Uint8Array): Promise<number> {
  const { write: writeOnce } = loadBuiltin('node:fs')
  return new Promise((resolve, reject) =>
    writeOnce(descriptor, bytes, (error, length) => (error ? reject(error) : resolve(length))),
  )
}

export function isTerminal(descriptor: Output): boolean {
  return loadBuiltin('node:tty').isatty(descriptor)
}
