import { bootSeconds, epochSeconds, now } from '#system/clock'
import { realPath } from '#system/files'
import { readSystemFile } from '#system/proc'
import { takeTurn } from '#system/turns'
import type { Family } from '../policy/address'
import { findTool, runTool, type ToolResult } from '../system/tools'
import type { Host } from './backend'
import { mayHaveTable } from './nftables/netlink/tables'

/** The machine that we run on, as backends see it. `longestWaitMs`: for our turn (`takeTurn`). */
export function hostOf(path: string | undefined, longestWaitMs = LONGEST_WAIT_MS): Host {
  return {
    findTool: (name) => findTool(name, path),
    realPath: realPathOrSame,
    legacyTables,
    mayHaveTable,
    effectiveCapabilities,
    epochSeconds,
    bootSeconds,
    takeTurn: () => takeTurn(longestWaitMs),
  }
}

/** Two thirds of a minute of 100 first ADDs on a slow machine; the runtime waits for two minutes. */
const LONGEST_WAIT_MS = 30_000

/** proc(5), `CapEff` of /proc/self/status. */
function effectiveCapabilities(): bigint | undefined {
  const text = readSystemFile('/proc/self/status') ?? ''
  // "CapEff:\t000001ffffffffff": by hand, as STATUS comes every 5 s. An expression costs it 4 % more instructions.
  const at = text.indexOf('\nCapEff:')
  const [line = ''] = at < 0 ? [] : text.slice(at + 8).split('\n')
  const digits = `0x${line.trim()}`
  return Number.isNaN(Number(digits)) ? undefined : BigInt(digits)
}

function realPathOrSame(file: string): string {
  try {
    return realPath(file)
  } catch {
    return file
  }
}

/** The kernel's lists of the tables that iptables-legacy has made; there is none where it made none. */
const LEGACY_TABLES: Readonly<Record<Family, string>> = {
  ip: '/proc/net/ip_tables_names',
  ip6: '/proc/net/ip6_tables_names',
}

function legacyTables(family: Family): string[] {
  const text = readSystemFile(LEGACY_TABLES[family]) ?? ''
  return text.split('\n').filter((name) => name !== '')
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
