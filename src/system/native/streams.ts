import { ERRNO } from '../errno'
import { NotUtf8Error } from '../errors'
import type { Output } from '../streams'
import { pause } from './clock'
import { joined } from './joined'
import { libc, MOST_BYTES } from './libc'
import { POLL, whenReady } from './loop'
import { refused } from './refused'

export function readStdin(): string {
  const pieces: Uint8Array[] = []
  for (;;) {
    const piece = libc.read(0, MOST_BYTES)
    if (typeof piece === 'number') untilReady(piece, 'read')
    else if (piece.length > 0) pieces.push(piece)
    else break
  }
  const bytes = joined(pieces)
  const text = libc.decode(bytes)
  // U+FFFD replaces what was not UTF-8, unless the text itself has it.
  if (text.includes('\ufffd') && !isSame(libc.encode(text), bytes)) throw new NotUtf8Error()
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

function isSame(some: Uint8Array, others: Uint8Array): boolean {
  if (some.length !== others.length) return false
  for (let i = 0; i < some.length; i++) if (some[i] !== others[i]) return false
  return true
}

export function write(descriptor: Output, text: string): void {
  let rest = libc.encode(text)
  while (rest.length > 0) {
    const written = libc.write(descriptor, rest)
    if (written < 0) untilReady(written, 'write')
    else if (written === rest.length) return
    else rest = rest.subarray(written)
  }
}

/** Waits for room or data. A pipe or a socket may be non-blocking, because whoever holds the other end can set it so. */
function untilReady(returned: number, syscall: string): void {
  if (returned === -ERRNO.EAGAIN) pause(1)
  else if (returned !== -ERRNO.EINTR) throw refused({ errno: -returned, syscall })
}

/** A pipe that has room accepts this much at once (PIPE_BUF of limits.h), so that a write never waits. */
const ATOMIC = 4096

export function writeSome(descriptor: Output, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    const end = whenReady(descriptor, POLL.out, () => {
      end()
      const written = libc.write(descriptor, bytes.subarray(0, ATOMIC))
      if (written >= 0) resolve(written)
      else reject(refused({ errno: -written, syscall: 'write' }))
    })
  })
}

export function isTerminal(descriptor: Output): boolean {
  return libc.isatty(descriptor) === 1
}
