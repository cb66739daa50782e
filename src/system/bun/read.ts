import { ERRNO, errorName } from '../errno'
import { pause } from '../node/clock'
import { decode } from '../node/text'
import type { Libc } from './libc'

/** By read(2) itself: the runtime's own stream takes 0.8 ms to set up. */
export function readToEnd({ read, errno }: Libc, descriptor: number): string {
  const chunks: Uint8Array[] = []
  for (;;) {
    const chunk = new Uint8Array(64 * 1024)
    const length = read(descriptor, chunk, chunk.length)
    const [only = chunk.subarray(0, 0)] = chunks
    if (length === 0) return decode(chunks.length < 2 ? only : Buffer.concat(chunks))
    if (length > 0) chunks.push(chunk.subarray(0, length))
    else {
      const reason = errno()
      // A pipe or a socket may be non-blocking, set so by whoever holds the other end.
      if (reason === ERRNO.EAGAIN) pause(1)
      else if (reason !== ERRNO.EINTR)
        throw failure(`read(2) of ${descriptor === 0 ? 'stdin' : 'a file'}`, reason)
    }
  }
}

export function failure(call: string, errno: number): Error {
  return new Error(`${call} failed: ${errorName(errno)}`)
}
