import { openSocket } from '#system/netlink-socket'
import { readSystemFile } from '#system/proc'
import { type Attributes, parseAttributes } from '../backend/nftables/netlink/wire'
import { type Address, addressOf, digitsOf, type Family, isSameAddress } from '../policy/address'
import { parsePrinted } from '../policy/address-text'
import type { Range } from '../policy/range'
import { ask, attribute, nested, u32 } from './routes/request'

/** An established flow from a source. */
export interface Flow {
  /** The destination, after a Service address has become an endpoint. */
  readonly destination: Address
  /** The source that the peer answers to. */
  readonly seenAs: Address
}

/** The flows from a source to these destinations; undefined if the kernel does not show them. */
export function flowsOf(source: Address, destination: Range): readonly Flow[] | undefined {
  const all = overNetlink(source) ?? inProc(source)
  return all?.filter(({ destination: to }) => {
    const digits = digitsOf(to)
    return to.family === destination.family && destination.first <= digits && digits < destination.end
  })
}

/** NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET */
const GET = 0x101
const FAMILIES: Readonly<Record<Family, number>> = { ip: 2, ip6: 10 }
/**
 * CTA_TUPLE_ORIG, CTA_TUPLE_REPLY and CTA_FILTER. A tuple contains CTA_TUPLE_IP, which contains CTA_IP_V4_SRC and so
 * on.
 */
const CTA = { original: 1, reply: 2, filter: 25, ip: 1 } as const
const IP: Readonly<Record<Family, { readonly source: number; readonly destination: number }>> = {
  ip: { source: 1, destination: 2 },
  ip6: { source: 3, destination: 4 },
}
/** CTA_FILTER_ORIG_FLAGS; CTA_FILTER_FLAG(CTA_IP_SRC) */
const [FILTER_ORIGINAL, BY_SOURCE] = [1, 1]

/** The most entries that we look through. More would take seconds. */
const MOST = 20_000

/**
 * From 5.8 on, the kernel can send the entries of one source only. With IPv6 its comparison is the wrong way round
 * (`ctnetlink_filter_match_tuple`), so we look through all entries.
 */
function overNetlink(source: Address): Flow[] | undefined {
  const { family } = source
  const isFiltered = family === 'ip'
  if (!isFiltered && Number(readSystemFile('/proc/sys/net/netfilter/nf_conntrack_count')) > MOST)
    return undefined
  const socket = openSocket()
  if (!socket) return undefined
  const bytes = (digitsOf(source).match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16))
  const attributes = isFiltered ? filterOf(family, bytes) : []
  const header = [FAMILIES[family], 0, 0, 0]
  const reply = ask(socket, { type: GET, isDump: true, header, attributes }, 1)
  socket.close()
  if (!reply.ok) return undefined
  return reply.messages.flatMap(({ payload }) => {
    const tuples = parseAttributes(payload.subarray(4))
    const [original, back] = [
      addressesIn(tuples, CTA.original, family),
      addressesIn(tuples, CTA.reply, family),
    ]
    if (!original || !back || !isSameAddress(original.source, source) || isOver(tuples)) return []
    return [{ destination: back.source, seenAs: back.destination }]
  })
}

function filterOf(family: Family, bytes: readonly number[]): number[] {
  return [
    ...nested(CTA.original, nested(CTA.ip, attribute(IP[family].source, bytes))),
    ...nested(CTA.filter, attribute(FILTER_ORIGINAL, u32(BY_SOURCE))),
  ]
}

/**
 * CTA_PROTOINFO, CTA_PROTOINFO_TCP, CTA_PROTOINFO_TCP_STATE. In the states from TCP_CONNTRACK_LAST_ACK on, nothing more
 * is sent.
 */
const [PROTOCOL, TCP, STATE, LAST_ACK] = [4, 1, 1, 6]

/** Whether a TCP flow has ended. The kernel remembers such a flow for two minutes. */
function isOver(tuples: Attributes): boolean {
  const protocol = tuples.get(PROTOCOL)
  const tcp = protocol && parseAttributes(protocol).get(TCP)
  const [state = 0] = (tcp && parseAttributes(tcp).get(STATE)) ?? []
  return state >= LAST_ACK
}

function addressesIn(tuples: Attributes, type: number, family: Family) {
  const tuple = tuples.get(type)
  const ip = tuple && parseAttributes(tuple).get(CTA.ip)
  const addresses = ip && parseAttributes(ip)
  const [source, destination] = [addresses?.get(IP[family].source), addresses?.get(IP[family].destination)]
  return source && destination && { source: addressFrom(source), destination: addressFrom(destination) }
}

function addressFrom(bytes: Uint8Array): Address {
  return addressOf([...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(''))
}

/** `ipv4 2 tcp 6 431999 ESTABLISHED src=... dst=... sport=1 dport=2 src=... dst=... sport=2 dport=1 [ASSURED]` */
function inProc(source: Address): Flow[] | undefined {
  const text = readSystemFile('/proc/net/nf_conntrack')
  return text?.split('\n').flatMap((line) => {
    if (/ (LAST_ACK|TIME_WAIT|CLOSE) /.test(line)) return []
    const parts = [...line.matchAll(/ (?:src|dst)=(\S+)/g)].map(([, address = '']) => parsePrinted(address))
    const [from, , back, seenAs] = parts
    if (!from || !back || !seenAs || !isSameAddress(from, source)) return []
    return [{ destination: back, seenAs }]
  })
}
