import type { Host } from './backend/backend'
import { findTool, runTool, type ToolResult } from './exec'
import { readSystemFile } from './stdio'

/** The machine that we run on, as backends see it. */
export function hostOf(path: string | undefined): Host {
  return {
    findTool: (name) => findTool(name, path),
    effectiveCapabilities,
    epochSeconds: () => Date.now() / 1000,
  }
}

/** proc(5), `CapEff` of /proc/self/status. */
async function effectiveCapabilities(): Promise<bigint | undefined> {
  const digits = /^CapEff:\s*([0-9a-f]+)$/m.exec((await readSystemFile('/proc/self/status')) ?? '')?.[1]
  return digits === undefined ? undefined : BigInt(`0x${digits}`)
}

/** A tool with one deadline for all of its runs together: what a runtime waits for is the call. */
export function toolWithin(tool: string, path: string | undefined, milliseconds: number) {
  const end = performance.now() + milliseconds
  return (args: readonly string[], input: string): ToolResult =>
    runTool({ tool, args, input, path, milliseconds: Math.max(1, Math.round(end - performance.now())) })
}
