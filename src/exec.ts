import { loadBuiltin } from './runtime'

/** What became of one run of a tool. Only `exited` says that the tool decided something. */
export type ToolResult =
  | { readonly outcome: 'exited'; readonly status: number; readonly stdout: string; readonly stderr: string }
  | { readonly outcome: 'killed'; readonly signal: string }
  | { readonly outcome: 'deadline'; readonly milliseconds: number }
  | { readonly outcome: 'not-started'; readonly tried: readonly string[] }

export interface ToolRun {
  readonly tool: string
  readonly args: readonly string[]
  readonly input: string
  /** The caller's PATH; runtimes' often lack sbin, and podman's exit hook has none at all. */
  readonly path: string | undefined
  readonly milliseconds: number
}

const FALLBACK_DIRECTORIES = [
  '/usr/sbin',
  '/sbin',
  '/usr/local/sbin',
  '/usr/bin',
  '/run/current-system/sw/bin',
]

/**
 * Runs a tool to its end, or kills it (SIGKILL: a tool that hangs in the kernel's queue ignores the rest). The tool leads
 * a session of its own, so that whatever it has started dies with it: a wrapper's child would go on to change rules
 * after the call has been answered. A child that keeps the tool's stdout open counts as a tool that has not ended.
 * The environment is empty but for the locale: its messages are read by `classify`, and nothing in a
 * runtime's environment shall change what nft does.
 */
export function runTool(run: ToolRun): ToolResult {
  const files = candidates(run.tool, run.path)
  const reasons = new Map<string, string>()
  for (const file of files) {
    if (!isExecutable(file)) continue
    try {
      return globalThis.Bun ? runNative(globalThis.Bun, file, run) : runNode(file, run)
    } catch (error) {
      reasons.set(file, systemErrorCode(error))
    }
  }
  return {
    outcome: 'not-started',
    tried: files.map((file) => `${file}: ${reasons.get(file) ?? accessError(file)}`),
  }
}

/** Where `runTool` would find the tool, without starting it; or every place tried, and why not. */
export function findTool(tool: string, path: string | undefined): { file: string } | { tried: string[] } {
  const files = candidates(tool, path)
  const file = files.find(isExecutable)
  return file === undefined ? { tried: files.map((name) => `${name}: ${accessError(name)}`) } : { file }
}

function candidates(tool: string, path: string | undefined): string[] {
  return [...searchPath(path)].map((directory) => `${directory}/${tool}`)
}

/** Absolute directories only: root does not run what lies in the working directory. */
function searchPath(path: string | undefined): ReadonlySet<string> {
  const own = (path ?? '').split(':').filter((directory) => directory.startsWith('/'))
  return new Set([...own, ...FALLBACK_DIRECTORIES])
}

/** Cheaper than a start that fails; and without node:fs, whose loading alone takes 0.9 ms of a native call. */
function isExecutable(file: string): boolean {
  return globalThis.Bun ? globalThis.Bun.which(file) !== null : accessError(file) === undefined
}

/** ENOENT, EACCES: for the error that lists every place. */
function accessError(file: string): string | undefined {
  const { accessSync, constants } = loadBuiltin('node:fs')
  try {
    accessSync(file, constants.X_OK)
    return undefined
  } catch (error) {
    return systemErrorCode(error)
  }
}

const CHILD_ENVIRONMENT = { LC_ALL: 'C' }

type NativeRuntime = NonNullable<typeof globalThis.Bun>

function runNative(runtime: NativeRuntime, file: string, run: ToolRun): ToolResult {
  const result = runtime.spawnSync([file, ...run.args], {
    stdin: new TextEncoder().encode(run.input),
    stdout: 'pipe',
    stderr: 'pipe',
    env: CHILD_ENVIRONMENT,
    timeout: run.milliseconds,
    killSignal: 'SIGKILL',
    detached: true,
  })
  if (result.exitedDueToTimeout) return killGroup(result.pid, run)
  if (result.exitCode === null) return { outcome: 'killed', signal: result.signalCode ?? 'a signal' }
  const [stdout, stderr] = [result.stdout, result.stderr].map((bytes) => new TextDecoder().decode(bytes))
  return { outcome: 'exited', status: result.exitCode, stdout: stdout ?? '', stderr: stderr ?? '' }
}

/** Judged by status: a tool that ends without reading its input gives `error` EPIPE and status 0. */
function runNode(file: string, run: ToolRun): ToolResult {
  const options = {
    input: run.input,
    encoding: 'utf8',
    env: CHILD_ENVIRONMENT,
    timeout: run.milliseconds,
    killSignal: 'SIGKILL',
    maxBuffer: Number.POSITIVE_INFINITY,
    // It works for `spawnSync` as for `spawn`, though only the latter's page lists it.
    detached: true,
  } as const
  const result = loadBuiltin('node:child_process').spawnSync(file, run.args, options)
  const { pid, status, signal, error, stdout, stderr } = result
  if (systemErrorCode(error) === 'ETIMEDOUT') return killGroup(pid, run)
  if (status !== null) return { outcome: 'exited', status, stdout, stderr }
  if (signal !== null) return { outcome: 'killed', signal }
  throw error
}

/** The tool itself was killed by the runtime. Its group has its number, which nobody else gets while the group exists. */
function killGroup(pid: number, { milliseconds }: ToolRun): ToolResult {
  try {
    if (pid > 0) process.kill(-pid, 'SIGKILL')
  } catch {
    // It left nothing behind.
  }
  return { outcome: 'deadline', milliseconds }
}

function systemErrorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
