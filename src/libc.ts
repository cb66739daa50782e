import type { NativeFfi, NativeFunctions, Signatures } from './runtime'

/** errno.h; the same on all that we build for. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  EBADF: 9,
  EAGAIN: 11,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  EISDIR: 21,
  EINVAL: 22,
  EFBIG: 27,
  ENOSPC: 28,
  EPIPE: 32,
  ENOSYS: 38,
  EMSGSIZE: 90,
  EPROTONOSUPPORT: 93,
  EOPNOTSUPP: 95,
  EAFNOSUPPORT: 97,
  ENOBUFS: 105,
} as const

/** `EBADF`, or `error 123` of one that is not named here. */
export function errorName(errno: number): string {
  for (const [name, number] of Object.entries(ERRNO)) if (number === errno) return name
  return `error ${errno}`
}

/** What each call does in libc directly, opened once. */
export interface Libc {
  /** The functions return as in libc; what went wrong is then in `errno`. */
  readonly open: (path: Uint8Array, flags: number) => number
  readonly read: (descriptor: number, buffer: Uint8Array, length: number) => number
  readonly write: (descriptor: number, bytes: Uint8Array, length: number) => number
  readonly socket: (domain: number, type: number, protocol: number) => number
  readonly send: (descriptor: number, bytes: Uint8Array, length: number, flags: number) => number
  readonly recvfrom: (
    descriptor: number,
    buffer: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    addressLength: Uint8Array,
  ) => number
  readonly setsockopt: (
    descriptor: number,
    level: number,
    option: number,
    value: Uint8Array,
    length: number,
  ) => number
  readonly close: (descriptor: number) => number
  readonly clockGettime: (clock: number, timespec: Uint8Array) => number
  readonly errno: () => number
}

let opened: { readonly libc: Libc | undefined } | undefined

/**
 * Undefined under Node, and where the native runtime may not make code (no JIT: memory that is written and executed is
 * refused to it, by SELinux or systemd) or finds no glibc: there is another way for all that it does.
 */
export function libc(): Libc | undefined {
  opened ??= { libc: attempt() }
  return opened.libc
}

function attempt(): Libc | undefined {
  if (!globalThis.Bun) return undefined
  try {
    return open()
  } catch {
    return undefined
  }
}

function open(): Libc {
  const { __errno_location, clock_gettime, ...functions } = openLibc({
    open: { args: ['ptr', 'int'], returns: 'int' },
    read: { args: ['int', 'ptr', 'usize'], returns: 'int' },
    write: { args: ['int', 'ptr', 'usize'], returns: 'int' },
    socket: { args: ['int', 'int', 'int'], returns: 'int' },
    send: { args: ['int', 'ptr', 'usize', 'int'], returns: 'int' },
    recvfrom: { args: ['int', 'ptr', 'usize', 'int', 'ptr', 'ptr'], returns: 'int' },
    setsockopt: { args: ['int', 'int', 'int', 'ptr', 'int'], returns: 'int' },
    close: { args: ['int'], returns: 'int' },
    clock_gettime: { args: ['int', 'ptr'], returns: 'int' },
    __errno_location: { args: [], returns: 'ptr' },
  })
  return { ...functions, clockGettime: clock_gettime, errno: () => ffi().read.i32(__errno_location()) }
}

/** Functions of libc by their C types; throws where they cannot be called. */
export function openLibc<S extends Signatures>(functions: S): NativeFunctions<S> {
  const opened = ffi().dlopen('libc.so.6', functions)
  if (opened instanceof Error) throw opened
  return opened.symbols
}

function ffi(): NativeFfi {
  if (!globalThis.Bun) throw new Error('only the native runtime can call libc')
  return globalThis.Bun.FFI
}
