import type { NativeFunctions, Signatures } from './runtime'

/** Functions of libc by their C types; throws where they cannot be called. */
export function openLibc<S extends Signatures>(functions: S): NativeFunctions<S> {
  const opened = Bun.FFI.dlopen('libc.so.6', functions)
  if (opened instanceof Error) throw opened
  return opened.symbols
}
