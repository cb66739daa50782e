/**
 * The two runtimes that the one bundle runs under. `Bun` is there in the native executable only; the parts of
 * it that we use are declared here, so that its types do not stand in for Node's.
 */
declare global {
  var Bun: NativeRuntime | undefined
  interface Uint8Array {
    /** ECMAScript 2026; Node has it from 25 on. */
    toHex?(): string
  }
}

interface NativeRuntime {
  readonly stdin: { text(): Promise<string> }
  file(path: string): { text(): Promise<string> }
  /** Since the program began. */
  nanoseconds(): number
  /** The file itself if it can be executed. */
  which(file: string): string | null
  readonly FFI: NativeFfi
  readonly SHA256: { hash(text: string, encoding: 'hex'): string }
  spawnSync(command: readonly string[], options: NativeSpawnOptions): NativeSpawnResult
}

/** The C types of functions, by their names. */
export type Signatures = Readonly<
  Record<string, { readonly args: readonly string[]; readonly returns: string }>
>

export type NativeFunctions<S extends Signatures> = {
  readonly [K in keyof S]: (...args: (number | Uint8Array)[]) => number
}

/** What the module `bun:ffi` is made of. To load that takes 0.6 ms of each call, and adds what we don't use. */
export interface NativeFfi {
  /** Gives an error, where the module would throw it. */
  dlopen<S extends Signatures>(
    library: string,
    functions: S,
  ): { readonly symbols: NativeFunctions<S> } | Error
  /** Of a pointer that a function returned. */
  readonly read: { i32(pointer: number): number }
}

interface NativeSpawnOptions {
  readonly stdin: Uint8Array
  readonly stdout: 'pipe'
  readonly stderr: 'pipe'
  readonly env: Readonly<Record<string, string>>
  readonly timeout: number
  readonly killSignal: 'SIGKILL'
  /** It begins a session of its own (setsid(2)). */
  readonly detached?: boolean
}

interface NativeSpawnResult {
  readonly pid: number
  readonly exitCode: number | null
  readonly signalCode?: string
  readonly exitedDueToTimeout?: boolean
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
}

interface Builtins {
  'node:fs': typeof import('node:fs')
  'node:child_process': typeof import('node:child_process')
  'node:crypto': typeof import('node:crypto')
  'node:os': typeof import('node:os')
}

/**
 * A Node module loaded at its first use: an `import` would load it at start-up, under the native runtime too,
 * where each costs 1 to 3 ms and is not used. `require` is what the bundle has from Node 20.0 on;
 * the tests run as ES modules, which have the second way (Node 20.16).
 */
export function loadBuiltin<Name extends keyof Builtins>(name: Name): Builtins[Name] {
  return typeof require === 'function' ? require(name) : process.getBuiltinModule(name)
}

/** Milliseconds that only go up. The object `performance` costs its first use 0.05 ms. */
export function now(): number {
  return globalThis.Bun ? globalThis.Bun.nanoseconds() / 1e6 : performance.now()
}
