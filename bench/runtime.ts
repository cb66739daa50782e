/**
 * What the benchmark uses of Bun, which runs it; declared here, so that its types do not stand in for Node's.
 */
declare global {
  var Bun: NativeRuntime
}

interface NativeRuntime {
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
  readonly cwd?: string
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
