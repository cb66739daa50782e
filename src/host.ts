import type { Host } from './backend/backend'
import { mayHaveTable } from './backend/nftables/netlink/tables'
import { findTool, runTool, type ToolResult } from './exec'
import { libc } from './libc'
import { filter } from './lists'
import type { Family } from './policy/address'
import { loadBuiltin, now } from './runtime'
import { readSystemFile } from './stdio'

/** The machine that we run on, as backends see it. `longestWaitMs`: for our turn (`turn.ts`). */
export function hostOf(path: string | undefined, longestWaitMs?: number): Host {
  return {
    findTool: (name) => findTool(name, path),
    realPath,
    legacyTables,
    mayHaveTable,
    effectiveCapabilities,
    epochSeconds: () => Date.now() / 1000,
    bootSeconds,
    takeTurn: async () => (await import('./turn')).takeTurn(longestWaitMs),
  }
}

/** clock_gettime(2); CLOCK_BOOTTIME is 7. A timespec is two 64-bit numbers. */
export function bootSeconds(): number {
  const native = libc()
  const time = new Uint8Array(16)
  if (native?.clockGettime(7, time) !== 0) return loadBuiltin('node:os').uptime()
  let seconds = 0
  for (let i = 7; i >= 0; i--) seconds = seconds * 256 + (time[i] ?? 0)
  return seconds
}

/** proc(5), `CapEff` of /proc/self/status. */
async function effectiveCapabilities(): Promise<bigint | undefined> {
  const text = (await readSystemFile('/proc/self/status')) ?? ''
  // "CapEff:\t000001ffffffffff": by hand, as STATUS comes every 5 s, and the first regular expression costs 0.1 ms.
  const at = text.indexOf('\nCapEff:')
  const [line = ''] = at < 0 ? [] : text.slice(at + 8).split('\n')
  const digits = `0x${line.trim()}`
  return Number.isNaN(Number(digits)) ? undefined : BigInt(digits)
}

function realPath(file: string): string {
  try {
    return loadBuiltin('node:fs').realpathSync(file)
  } catch {
    return file
  }
}

/** The kernel's lists of the tables that iptables-legacy has made; there is none where it made none. */
const LEGACY_TABLES: Readonly<Record<Family, string>> = {
  ip: '/proc/net/ip_tables_names',
  ip6: '/proc/net/ip6_tables_names',
}

async function legacyTables(family: Family): Promise<string[]> {
  const text = (await readSystemFile(LEGACY_TABLES[family])) ?? ''
  return filter(text.split('\n'), (name) => name !== '')
}

/**
 * Tools with one limit for the time that all of them take together: the runtime waits for the call. Each has at least
 * 2 s, whatever the limit: a tool that is killed as soon as it has begun would only make a failure of an answer that is
 * near, and of one that was killed while it wrote nobody knows what it did. What a call waits for its turn is no tool's
 * time.
 */
const LEAST_MS = 2_000

export function toolsWithin(path: string | undefined, milliseconds: number) {
  let left = milliseconds
  return (tool: string, args: readonly string[], input: string): ToolResult => {
    const started = now()
    const limit = Math.max(left, LEAST_MS)
    const result = runTool({ tool, args, input, path, milliseconds: Math.round(limit) })
    left -= now() - started
    return result
  }
}
