import { errorCode, NotUtf8Error } from '../errors'
import type { Output } from '../streams'
import { pause } from './clock'
import { loadBuiltin } from './load-builtin'

/** We make the system calls ourselves, because the streams of `process` take 1 to 2 ms to set up. */

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

/** Waits for room or data. A pipe or a socket may be non-blocking, because whoever holds the other end can set it so. */
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

/** Writes in a thread of the runtime, so the system call may block. */
export function writeSome(descriptor: Output, bytes: Uint8Array): Promise<number> {
  const { write: writeOnce } = loadBuiltin('node:fs')
  return new Promise((resolve, reject) =>
    writeOnce(descriptor, bytes, (error, length) => (error ? reject(error) : resolve(length))),
  )
}

export function isTerminal(descriptor: Output): boolean {
  return loadBuiltin('node:tty').isatty(descriptor)
}
