import type { SystemError } from '../errors'
import { once } from '../once'

type Errors = Readonly<Record<number, readonly [code: string, words: string]>>

/** Errnos and libuv's words for them, because Node uses the same messages. */
const makeErrors = (): Errors => ({
  1: ['EPERM', 'operation not permitted'],
  2: ['ENOENT', 'no such file or directory'],
  3: ['ESRCH', 'no such process'],
  4: ['EINTR', 'interrupted system call'],
  5: ['EIO', 'i/o error'],
  6: ['ENXIO', 'no such device or address'],
  7: ['E2BIG', 'argument list too long'],
  8: ['ENOEXEC', 'exec format error'],
  9: ['EBADF', 'bad file descriptor'],
  11: ['EAGAIN', 'resource temporarily unavailable'],
  12: ['ENOMEM', 'not enough memory'],
  13: ['EACCES', 'permission denied'],
  16: ['EBUSY', 'resource busy or locked'],
  17: ['EEXIST', 'file already exists'],
  18: ['EXDEV', 'cross-device link not permitted'],
  19: ['ENODEV', 'no such device'],
  20: ['ENOTDIR', 'not a directory'],
  21: ['EISDIR', 'illegal operation on a directory'],
  22: ['EINVAL', 'invalid argument'],
  23: ['ENFILE', 'file table overflow'],
  24: ['EMFILE', 'too many open files'],
  26: ['ETXTBSY', 'text file is busy'],
  27: ['EFBIG', 'file too large'],
  28: ['ENOSPC', 'no space left on device'],
  29: ['ESPIPE', 'invalid seek'],
  30: ['EROFS', 'read-only file system'],
  31: ['EMLINK', 'too many links'],
  32: ['EPIPE', 'broken pipe'],
  36: ['ENAMETOOLONG', 'name too long'],
  39: ['ENOTEMPTY', 'directory not empty'],
  40: ['ELOOP', 'too many symbolic links encountered'],
  95: ['ENOTSUP', 'operation not supported on socket'],
  98: ['EADDRINUSE', 'address already in use'],
  99: ['EADDRNOTAVAIL', 'address not available'],
  116: ['ESTALE', 'stale file handle'],
  122: ['EDQUOT', 'disk quota exceeded'],
})

/** The table costs 50,000 instructions, and most calls are never refused anything. */
const errors = once(makeErrors)

/** The name of an errno, `ENOENT`. */
export function codeOf(errno: number): string {
  return errors()[errno]?.[0] ?? `E${errno}`
}

interface Refused {
  readonly errno: number
  readonly syscall: string
  readonly path?: string | undefined
  readonly dest?: string | undefined
}

/** Makes the error. `about` is the end of the message, if that is not a path. */
export function refused({ errno, syscall, path, dest }: Refused, about = ''): SystemError {
  const [code, words] = errors()[errno] ?? [codeOf(errno), `unknown error ${errno}`]
  const place = path === undefined ? about : ` '${path}'${dest === undefined ? '' : ` -> '${dest}'`}`
  const paths = { ...(path !== undefined && { path }), ...(dest !== undefined && { dest }) }
  return Object.assign(new Error(`${code}: ${words}, ${syscall}${place}`), { errno, code, syscall, ...paths })
}

/** The result of a call, if it was not refused. */
export function taken(returned: number, syscall: string, path?: string): number {
  if (returned < 0) throw refused({ errno: -returned, syscall, path })
  return returned
}

/** The bytes of a call, if it was not refused. */
export function takenBytes(returned: Uint8Array | number, syscall: string, path?: string): Uint8Array {
  if (typeof returned === 'number') throw refused({ errno: -returned, syscall, path })
  return returned
}
