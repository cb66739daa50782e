import { isExecutable, runProcess, whyNotExecutable } from '#system/processes'
import { errorCode } from './errors'
import type { Ended } from './processes'

/** The result of one run of a tool. Only `exited` means that the tool decided something. */
export type ToolResult =
  | Extract<Ended, { readonly outcome: 'exited' }>
  | { readonly outcome: 'killed'; readonly signal: string }
  | { readonly outcome: 'deadline'; readonly milliseconds: number }
  | { readonly outcome: 'not-started'; readonly tried: readonly string[] }

export interface ToolRun {
  readonly tool: string
  readonly args: readonly string[]
  readonly input: string
  /** The caller's PATH. Runtimes' often lacks sbin, and podman's exit hook has none at all. */
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
 * Runs a tool to its end, or kills it (with SIGKILL, because a tool that hangs in the kernel's queue ignores other
 * signals). The tool leads a session of its own, so that everything it has started dies with it: the child of a wrapper
 * would go on changing rules after the call has been answered. A tool whose child keeps its stdout open counts as not
 * ended. The environment is empty except for the locale: `classify` reads the tool's messages, and nothing in a runtime's
 * environment may change what nft does.
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

/**
 * Where `runTool` would find the tool, without starting it; or every place that was tried, with the reason why it does
 * not fit.
 */
export function findTool(tool: string, path: string | undefined): { file: string } | { tried: string[] } {
  const files = candidates(tool, path)
  const file = files.find(isExecutable)
  return file === undefined ? { tried: files.map((name) => `${name}: ${whyNotExecutable(name)}`) } : { file }
}

function candidates(tool: string, path: string | undefined): string[] {
  return [...searchPath(path)].map((directory) => `${directory}/${tool}`)
}

/** Uses only absolute directories: root does not run files in the working directory. */
function searchPath(path: string | undefined): ReadonlySet<string> {
  const own = (path ?? '').split(':').filter((directory) => directory.startsWith('/'))
  return new Set([...own, ...FALLBACK_DIRECTORIES])
}
