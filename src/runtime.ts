/**
 * The two runtimes that the one bundle runs under. `Bun` is there in the native executable only; the parts of
 * it that we use are declared here, so that its types do not stand in for Node's.
 */
declare global {
  var Bun: NativeRuntime | undefined
}

interface NativeRuntime {
  readonly stdin: { text(): Promise<string> }
  readonly stdout: unknown
  readonly stderr: unknown
  /** Writes all of it; rejects with what the system says. */
  write(destination: unknown, text: string): Promise<number>
  file(path: string): { text(): Promise<string> }
  /** The file itself if it can be executed. */
  which(file: string): string | null
  readonly CryptoHasher: new (algorithm: 'sha256') => NativeHasher
  spawnSync(command: readonly string[], options: NativeSpawnOptions): NativeSpawnResult
}

interface NativeHasher {
  update(text: string): NativeHasher
  digest(encoding: 'hex'): string
}

interface NativeSpawnOptions {
  readonly stdin: Uint8Array
  readonly stdout: 'pipe'
  readonly stderr: 'pipe'
  readonly env: Readonly<Record<string, string>>
  readonly timeout: number
  readonly killSignal: 'SIGKILL'
}

interface NativeSpawnResult {
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
}

/**
 * A Node module loaded at its first use: an `import` would load it at start-up, under the native runtime too,
 * where each costs 1 to 3 ms and is not used. `require` is what the bundle has from Node 20.0 on;
 * the tests run as ES modules, which have the second way (Node 20.16).
 */
export function loadBuiltin<Name extends keyof Builtins>(name: Name): Builtins[Name] {
  return typeof require === 'function' ? require(name) : process.getBuiltinModule(name)
}

/** Calls into libc. Only where the runtime is native. */
export function loadFfi(): typeof import('bun:ffi') {
  return require('bun:ffi')
}
