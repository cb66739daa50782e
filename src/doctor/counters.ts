import { openSocket } from '#system/netlink-socket'
import { readSystemFile } from '#system/proc'
import { attributesOf, CONTROL, FLAGS, readMessages, readU32 } from '../backend/nftables/netlink/wire'
import { createWriter } from '../backend/nftables/netlink/writer'
import type { NetlinkSocket } from '../system/netlink-socket'
import { type ModuleLists, mayAsk, presenceOf } from './modules'

/** Counters since the boot, of all processors together, by the names of the kernel's columns. */
export type Counters = ReadonlyMap<string, number>

/**
 * Reads them from /proc/net/stat, which needs a kernel with CONFIG_NF_CONNTRACK_PROCFS, or else by netlink if that
 * loads no module. Undefined if neither has an answer.
 */
export function readCounters(modules: ModuleLists): Counters | undefined {
  const text = readSystemFile('/proc/net/stat/nf_conntrack')
  if (text !== undefined) return parseCounters(text)
  const isQuiet = ['nfnetlink', 'nf_conntrack_netlink'].every((name) => mayAsk(presenceOf(name, modules)))
  const socket = isQuiet ? openSocket() : undefined
  try {
    return socket && ask(socket)
  } catch {
    // The answer is cut short.
    return undefined
  } finally {
    socket?.close()
  }
}

/** A line of names, then one of hexadecimal numbers for each processor. */
export function parseCounters(text: string): Counters {
  const [names = [], ...rows] = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/))
  return new Map(
    names.map((name, i) => [name, rows.reduce((sum, row) => sum + Number.parseInt(row[i] ?? '0', 16), 0)]),
  )
}

/** linux/netfilter/nfnetlink_conntrack.h: NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET_STATS_CPU */
const [CTNETLINK, GET_STATS] = [1, 4]

/** CTA_STATS_INSERT_FAILED, CTA_STATS_DROP, CTA_STATS_EARLY_DROP, by the names of the columns. */
const ATTRIBUTES = { insert_failed: 9, drop: 10, early_drop: 11 } as const

/** One message comes for each processor. */
function ask(socket: NetlinkSocket): Counters | undefined {
  const writer = createWriter()
  const type = (CTNETLINK << 8) | GET_STATS
  writer.message({ type, flags: FLAGS.request | FLAGS.dump, sequence: 1, family: 0, resource: 0 })
  if (socket.send(writer.bytes(), 1) !== 0) return undefined
  const sums = new Map<string, number>()
  for (;;) {
    const received = socket.receive()
    if (typeof received === 'number') return undefined
    for (const message of readMessages(received)) {
      if (message.type === CONTROL.done) return sums
      if (message.type === CONTROL.error) return undefined
      const attributes = attributesOf(message)
      for (const [name, attribute] of Object.entries(ATTRIBUTES))
        sums.set(name, (sums.get(name) ?? 0) + (readU32(attributes.get(attribute)) ?? 0))
    }
  }
}
