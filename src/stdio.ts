import { ERRNO, errorName, type Libc, libc } from './libc'
import { loadBuiltin } from './runtime'

/**
 * stdin to its end, stdout and stderr to the last byte. The streams of `process` cost 1 to 2 ms to set up, so it is
 * the runtime's own calls where it is native, and plain system calls under Node.
 */

type Output = 1 | 2

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

export async function write(descriptor: Output, text: string): Promise<void> {
  // The native runtime would truncate a file that stdout was redirected to.
  if (text === '') return
  if (globalThis.Bun) {
    await globalThis.Bun.write(descriptor === 1 ? globalThis.Bun.stdout : globalThis.Bun.stderr, text)
    return
  }
  const { writeSync } = loadBuiltin('node:fs')
  let rest = encode(text)
  while (rest.length > 0) rest = rest.subarray(untilReady(() => writeSync(descriptor, rest)))
}

/** A pipe or a socket may be non-blocking, set so by whoever holds the other end: then wait, don't give up. */
function untilReady<T>(attempt: () => T): T {
  for (;;) {
    try {
      return attempt()
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
      pause(1)
    }
  }
}

/** Nothing else happens meanwhile. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
