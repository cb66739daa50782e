import { close, openToRead, readNext } from '#system/files'
import { decode } from '#system/text'
import type { Wanted } from '../backend/backend'
import { formatAddress, parseAddress } from '../policy/address-text'
import { countPorts } from '../policy/ports'
import { error, type Finding, note, ok, warning } from './finding'

/**
 * Masqueraded connections of one protocol to one destination and port differ only in their source port, so there can be
 * only as many of them as ports. Only the list of connections shows whether the ports run out.
 */

/** nf_nat_l4proto_unique_tuple: a port from 1024 on becomes another one from 1024 on. */
const ANY_PORTS = 65_536 - 1024

/** How many source ports each pod may have, by its address. */
export type PortsOf = ReadonlyMap<string, number>

export function portsOf(wanted: readonly Pick<Wanted, 'addresses' | 'policy'>[]): PortsOf {
  return new Map(
    wanted.flatMap(({ addresses, policy: { toPorts } }) => {
      const ports = toPorts.length > 0 ? countPorts(toPorts) : ANY_PORTS
      return addresses.map((address) => [formatAddress(address), ports] as const)
    }),
  )
}

const NEARLY_ALL = 0.8
const ALL = 0.95

/** With fewer connections than this no ports can have run out, so the list need not be read. */
export function isWorthALook(tracked: number, ports: PortsOf): boolean {
  const fewest = [...ports.values()].reduce((least, one) => Math.min(least, one), ANY_PORTS)
  return tracked >= NEARLY_ALL * fewest
}

export const TOO_FEW = ok('source-ports', 'there are too few connections to use up the source ports')

/** Connections that differ only in their source port. */
export interface Crowd {
  readonly protocol: string
  /** The node's address, which masquerade gave them. */
  readonly from: string
  readonly to: string
  readonly port: string
  /** The number of source ports that they share. */
  readonly ports: number
  readonly connections: number
  /** The pod with the most of them, and their number. */
  readonly busiest: { readonly source: string; readonly connections: number }
}

interface Counted {
  connections: number
  readonly sources: Map<string, number>
}

/** Counts the lines of /proc/net/nf_conntrack. */
export interface CrowdCounter {
  take(line: string): void
  /** The groups, the largest first. */
  crowds(): Crowd[]
}

/**
 * `ipv4 2 tcp 6 117 TIME_WAIT src=POD dst=TO sport=.. dport=PORT src=TO dst=FROM sport=PORT dport=.. [ASSURED] mark=0
 * use=1` has the connection, and the answer that is expected. It is masqueraded if the answer goes to another address
 * than the connection's source.
 */
export function crowdCounter(ports: PortsOf): CrowdCounter {
  const counted = new Map<string, Counted>()
  const known = new Map<string, number>()
  const portsFor = (source: string) => {
    const found = known.get(source) ?? ports.get(spelledAsOurs(source)) ?? ANY_PORTS
    known.set(source, found)
    return found
  }
  return {
    take(line) {
      const [, protocol, source, , to, from, port] = CONNECTION.exec(line) ?? []
      if (source === undefined || from === undefined || from === source) return
      const key = `${protocol} ${from} ${to} ${port} ${portsFor(source)}`
      const one = counted.get(key) ?? { connections: 0, sources: new Map() }
      one.connections += 1
      one.sources.set(source, (one.sources.get(source) ?? 0) + 1)
      counted.set(key, one)
    },
    crowds: () =>
      [...counted]
        .sort(([, a], [, b]) => b.connections - a.connections)
        .map(([key, { connections, sources }]) => {
          const [protocol = '', from = '', to = '', port = '', shared = ''] = key.split(' ')
          const [source = '', most = 0] = [...sources].sort(([, a], [, b]) => b - a)[0] ?? []
          const busiest = { source, connections: most }
          return { protocol, from, to, port, ports: Number(shared), connections, busiest }
        }),
  }
}

/** The kernel writes out all digits of an IPv6 address. */
function spelledAsOurs(source: string): string {
  try {
    return formatAddress(parseAddress(source))
  } catch {
    return source
  }
}

const CONNECTION =
  /^\S+\s+\d+\s+(\S+)\s.*?src=(\S+) dst=(\S+) sport=\d+ dport=\d+ .*?src=(\S+) dst=(\S+) sport=(\d+) dport=\d+/

/** The most lines that are read. A node may have millions; these take a second or two. */
const MOST_LINES = 300_000

export interface Connections {
  readonly crowds: readonly Crowd[]
  /** There are more connections than were read. */
  readonly isPartial: boolean
}

/** Throws the system's error if the list may not be read, or does not exist. */
export function readConnections(ports: PortsOf): Connections {
  const file = openToRead('/proc/net/nf_conntrack')
  try {
    const counter = crowdCounter(ports)
    const room = new Uint8Array(1 << 16)
    let lines = 0
    let rest = ''
    for (let length = readNext(file, room); length > 0; length = readNext(file, room)) {
      // The list is ASCII.
      const pieces = `${rest}${decode(room.subarray(0, length))}`.split('\n')
      rest = pieces.pop() ?? ''
      for (const line of pieces) counter.take(line)
      lines += pieces.length
      if (lines >= MOST_LINES) return { crowds: counter.crowds(), isPartial: true }
    }
    return { crowds: counter.crowds(), isPartial: false }
  } finally {
    close(file)
  }
}

export function checkSourcePorts({ crowds, isPartial }: Connections): readonly Finding[] {
  const check = 'source-ports'
  const tight = crowds.filter(({ connections, ports }) => connections >= NEARLY_ALL * ports)
  return [
    ...(tight.length === 0 ? [ok(check, 'no destination uses up the source ports')] : []),
    ...tight.slice(0, SHOWN).map(({ protocol, from, to, port, ports, connections, busiest }) =>
      (connections < ALL * ports ? warning : error)(check, {
        what: `${connections} of ${ports} source ports of ${from} are in use towards ${withPort(to, port)} (${protocol}), ${busiest.connections} of them by ${busiest.source}`,
        why: 'a new connection there finds no free port, and its first packet is dropped',
        mend: 'keep connections open instead of making new ones, give the pods more addresses ("snatTo" with a range), or more ports ("toPorts")',
      }),
    ),
    ...(isPartial ? [note(check, `only the first ${MOST_LINES} connections were looked at`)] : []),
  ]
}

const SHOWN = 5

function withPort(address: string, port: string): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
