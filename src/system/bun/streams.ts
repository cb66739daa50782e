import { ERRNO } from '../errno'
import { pause } from '../node/clock'
import * as node from '../node/streams'
import { encode } from '../node/text'
import type { Output } from '../streams'
import { type Libc, libc } from './libc'
import { failure, readToEnd } from './read'

export function readStdin(): string {
  const native = libc()
  if (!native) return node.readStdin()
  const text = readToEnd(native, 0)
  return text.startsWith('\ufeff') ? text.slice(1) : text
}

/** The runtime's own way (`Bun.write`) sends the first 64 KiB twice to a non-blocking pipe and reports success. */
export function write(descriptor: Output, text: string): void {
  const native = libc()
  if (native) writeAll(native, descriptor, encode(text))
  else node.write(descriptor, text)
}

function writeAll(native: Libc, descriptor: Output, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0; ) rest = rest.subarray(writeOnce(native, descriptor, rest))
}

/** How many bytes the system took; a non-blocking output may have no room for any now. */
function writeOnce(native: Libc, descriptor: Output, bytes: Uint8Array): number {
  const length = native.write(descriptor, bytes, bytes.length)
  if (length >= 0) return length
  const reason = native.errno()
  if (reason === ERRNO.EAGAIN) pause(1)
  else if (reason !== ERRNO.EINTR) throw failure(`write(2) to ${OUTPUT_NAMES[descriptor]}`, reason)
  return 0
}

const OUTPUT_NAMES = { 1: 'stdout', 2: 'stderr' } as const

export function writeSome(descriptor: Output, bytes: Uint8Array): Promise<number> {
  return node.writeSome(descriptor, bytes)
}
