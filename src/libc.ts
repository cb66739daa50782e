import { loadFfi } from './runtime'

/** What we call in libc directly. In one place, because opening the library is what takes the time (0.5 ms). */
export interface Libc {
  /** The functions return as in libc; what went wrong is then in `errno`. */
  readonly read: (descriptor: number, buffer: Uint8Array, length: number) => number
  readonly socket: (domain: number, type: number, protocol: number) => number
  readonly send: (descriptor: number, bytes: Uint8Array, length: number, flags: number) => number
  readonly recv: (descriptor: number, buffer: Uint8Array, length: number, flags: number) => number
  readonly setsockopt: (
    descriptor: number,
    level: number,
    option: number,
    value: Uint8Array,
    length: number,
  ) => number
  readonly close: (descriptor: number) => number
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
  const { dlopen, read: memory } = loadFfi()
  const { __errno_location, ...functions } = dlopen('libc.so.6', {
    read: { args: ['int', 'ptr', 'usize'], returns: 'int' },
    socket: { args: ['int', 'int', 'int'], returns: 'int' },
    send: { args: ['int', 'ptr', 'usize', 'int'], returns: 'int' },
    recv: { args: ['int', 'ptr', 'usize', 'int'], returns: 'int' },
    setsockopt: { args: ['int', 'int', 'int', 'ptr', 'int'], returns: 'int' },
    close: { args: ['int'], returns: 'int' },
    __errno_location: { args: [], returns: 'ptr' },
  }).symbols
  return { ...functions, errno: () => memory.i32(__errno_location()) }
}
