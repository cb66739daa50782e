import { ERRNO, errorName, type Libc, libc } from './libc'
import { loadBuiltin } from './runtime'

/**
 * stdin to its end, stdout and stderr to the last byte. The streams of `process` cost 1 to 2 ms to set up, so we
 * make the system calls ourselves.
 */

export type Output = 1 | 2

/** UTF-8; a byte order mark is no part of the text. */
export async function readStdin(): Promise<string> {
  const native = libc()
  if (native) return readNatively(native, 0)
  if (globalThis.Bun) return globalThis.Bun.stdin.text()
  const { readSync } = loadBuiltin('node:fs')
  const chunks: Uint8Array[] = []
  for (;;) {
    const chunk = new Uint8Array(64 * 1024)
    const length = untilReady(() => readSync(0, chunk))
    if (length === 0) return new TextDecoder().decode(Buffer.concat(chunks))
    chunks.push(chunk.subarray(0, length))
  }
}

/** By read(2) itself: the runtime's own stream takes 0.8 ms to set up. */
function readNatively({ read, errno }: Libc, descriptor: number): string {
  const chunks: Uint8Array[] = []
  for (;;) {
    const chunk = new Uint8Array(64 * 1024)
    const length = read(descriptor, chunk, chunk.length)
    if (length === 0) return new TextDecoder().decode(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))
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

function failure(call: string, errno: number): Error {
  return new Error(`${call} failed: ${errorName(errno)}`)
}

/** A small file of the system's; undefined where it cannot be read. */
export async function readSystemFile(path: string): Promise<string | undefined> {
  try {
    const native = libc()
    if (native) return readFileNatively(native, path)
    if (globalThis.Bun) return await globalThis.Bun.file(path).text()
    return loadBuiltin('node:fs').readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** O_RDONLY and O_CLOEXEC of fcntl.h. */
const READ_CLOEXEC = 0x80000

/** STATUS asks every 5 s, and the runtime's own way takes longer. */
function readFileNatively(native: Libc, path: string): string {
  const descriptor = native.open(encode(`${path}\0`), READ_CLOEXEC)
  if (descriptor < 0) throw failure(`open(2) of ${path}`, native.errno())
  try {
    return readNatively(native, descriptor)
  } finally {
    native.close(descriptor)
  }
}

/**
 * Every byte once, in order, or an error. The runtime's own way (`Bun.write`) sends the first 64 KiB twice to a
 * non-blocking pipe and reports success.
 */
export async function write(descriptor: Output, text: string): Promise<void> {
  if (text === '') return
  const native = libc()
  let rest = encode(text)
  while (rest.length > 0)
    rest = rest.subarray(native ? writeNatively(native, descriptor, rest) : writePortably(descriptor, rest))
}

/** How many bytes the system took; a non-blocking output may have no room for any now. */
function writeNatively(native: Libc, descriptor: Output, bytes: Uint8Array): number {
  const length = native.write(descriptor, bytes, bytes.length)
  if (length >= 0) return length
  const reason = native.errno()
  if (reason === ERRNO.EAGAIN) pause(1)
  else if (reason !== ERRNO.EINTR) throw failure(`write(2) to ${OUTPUT_NAMES[descriptor]}`, reason)
  return 0
}

const OUTPUT_NAMES = { 1: 'stdout', 2: 'stderr' } as const

function writePortably(descriptor: Output, bytes: Uint8Array): number {
  const { writeSync } = loadBuiltin('node:fs')
  return untilReady(() => writeSync(descriptor, bytes))
}

/** A pipe or a socket may be non-blocking, set so by whoever holds the other end: then we wait for room or data. */
function untilReady<T>(attempt: () => T): T {
  for (;;) {
    try {
      return attempt()
    } catch (error) {
      if (!isTransient(error)) throw error
      pause(1)
    }
  }
}

/** No room or no data now, or a signal came in between. */
export function isTransient(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EINTR')
}

/** Nothing else happens meanwhile. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
