/** The part of the native runtime's FFI that is used here. */
declare module 'bun:ffi' {
  type Signature = { readonly args: readonly string[]; readonly returns: string }
  export function dlopen<S extends Record<string, Signature>>(
    library: string,
    symbols: S,
  ): { readonly symbols: { readonly [K in keyof S]: (...args: (number | Uint8Array)[]) => number } }
  /** Of a pointer that a function returned. */
  export const read: { i32(pointer: number): number }
}
