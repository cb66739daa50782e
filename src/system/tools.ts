import { isExecutable, runProcess, whyNotExecutable } from '#system/processes'
import { errorCode } from './errors'
import type { Ended } from './processes'

/** What became of one run of a tool. Only `exited` says that the tool decided something. */
export type ToolResult =
  | Extract<Ended, { readonly outcome: 'exited' }>
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

const CHILD_ENVIRONMENT = { LC_ALL: 'C' }

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
      const { args, input, milliseconds } = run
      const ended = runProcess(file, { args, environment: CHILD_ENVIRONMENT, input, milliseconds })
      return ended.outcome === 'deadline' ? { outcome: 'deadline', milliseconds } : ended
    } catch (error) {
      reasons.set(file, errorCode(error) ?? String(error))
    }
  }
  return {
    outcome: 'not-started',
    tried: files.map((file) => `${file}: ${reasons.get(file) ?? whyNotExecutable(file)}`),
  }
}

/** Where `runTool` would find the tool, without starting it; or every place tried, and why not. */
export function findTool(tool: string, path: string | undefined): { file: string } | { tried: string[] } {
  const files = candidates(tool, path)
  const file = files.find(isExecutable)
  return file === undefined ? { tried: files.map((name) => `${name}: ${whyNotExecutable(name)}`) } : { file }
}

function candidates(tool: string, path: string | undefined): string[] {
  return [...searchPath(path)].map((directory) => `${directory}/${tool}`)
}

/** Absolute directories only: root does not run what lies in the working directory. */
function searchPath(path: string | undefined): ReadonlySet<string> {
  const own = (path ?? '').split(':').filter((directory) => directory.startsWith('/'))
  return new Set([...own, ...FALLBACK_DIRECTORIES])
}
