import type { NativeFunctions, Signatures } from './runtime'

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
 * Undefined where the runtime may not make code (no JIT: memory that is written and executed is refused to it, by SELinux
 * or systemd) or finds no glibc: there is another way for all that it does.
 */
export function libc(): Libc | undefined {
  opened ??= { libc: attempt() }
  return opened.libc
}

function attempt(): Libc | undefined {
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
  return { ...functions, clockGettime: clock_gettime, errno: () => Bun.FFI.read.i32(__errno_location()) }
}

/** Functions of libc by their C types; throws where they cannot be called. */
export function openLibc<S extends Signatures>(functions: S): NativeFunctions<S> {
  const opened = Bun.FFI.dlopen('libc.so.6', functions)
  if (opened instanceof Error) throw opened
  return opened.symbols
}
