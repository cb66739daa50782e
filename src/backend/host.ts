import { bootSeconds, epochSeconds, now } from '#system/clock'
import { realPath } from '#system/files'
import { readSystemFile } from '#system/proc'
import { takeTurn } from '#system/turns'
import type { Family } from '../policy/address'
import { findTool, runTool, type ToolResult } from '../system/tools'
import type { Host } from './backend'
import { mayHaveNfTables, mayHaveTable } from './nftables/netlink/tables'

/** The machine that we run on, as backends see it. `longestWaitMs` limits how long we wait for our turn (`takeTurn`). */
export function hostOf(path: string | undefined, longestWaitMs = LONGEST_WAIT_MS): Host {
  return {
    findTool: (name) => findTool(name, path),
    realPath: realPathOrSame,
    legacyTables,
    mayHaveTable,
    mayHaveNfTables,
    kernelRelease: () => readSystemFile('/proc/sys/kernel/osrelease')?.trim() ?? '',
    effectiveCapabilities,
    epochSeconds,
    bootSeconds,
    takeTurn: () => takeTurn(longestWaitMs),
  }
}

/** 100 first ADDs on a slow machine take two thirds of a minute; the runtime waits for two minutes. */
const LONGEST_WAIT_MS = 30_000

/** proc(5), `CapEff` of /proc/self/status. */
function effectiveCapabilities(): bigint | undefined {
  const text = readSystemFile('/proc/self/status') ?? ''
  // "CapEff:\t000001ffffffffff" is cut by hand, because STATUS comes every 5 s and a regular expression costs it 4 % more
  // instructions.
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

/** The files in which the kernel lists the tables that iptables-legacy has made; a file is missing where it made none. */
const LEGACY_TABLES: Readonly<Record<Family, string>> = {
  ip: '/proc/net/ip_tables_names',
  ip6: '/proc/net/ip6_tables_names',
}

function legacyTables(family: Family): string[] {
  const text = readSystemFile(LEGACY_TABLES[family]) ?? ''
  return text.split('\n').filter((name) => name !== '')
}

/**
 * The tools of a call share one time limit, because the runtime waits for the call. Each tool has at least this long,
 * whatever the limit: killing a tool that has just begun would turn a near answer into a failure, and nobody knows what a
 * tool did that was killed while it wrote. The time that a call waits for its turn does not count.
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
