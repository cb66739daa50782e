import { openSocket } from '#system/netlink-socket'
import { type Attributes, type Message, parseAttributes, readText } from '../../backend/nftables/netlink/wire'
import { CniError } from '../../cni/error'
import { type Address, addressOf, digitsOf, FAMILIES, type Family } from '../../policy/address'
import type { NetlinkSocket } from '../../system/netlink-socket'
import { ask, attribute, type Reply, type Request, u32 } from './request'
import type { OwnAddress, Route, Routes } from './routes'

/** rtnetlink(7): RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE */
const GET = { link: 18, address: 22, route: 26 } as const
/** AF_INET, AF_INET6 */
const NUMBERS: Readonly<Record<Family, number>> = { ip: 2, ip6: 10 }
/** RTA_DST, RTA_SRC, RTA_IIF, RTA_OIF, RTA_GATEWAY, RTA_PREFSRC */
const RTA = { destination: 1, source: 2, in: 3, out: 4, gateway: 5, preferred: 7 } as const
/** RTM_F_FIB_MATCH */
const FIB_MATCH = 0x2000
/** RTN_UNICAST, RTN_LOCAL, RTN_BROADCAST, RTN_ANYCAST, RTN_MULTICAST */
const TYPES = { unicast: 1, local: 2, broadcast: 3, anycast: 4, multicast: 5 } as const
/** The sizes of struct rtmsg, struct ifaddrmsg and struct ifinfomsg in bytes. */
const HEADERS = { route: 12, address: 8, link: 16 } as const
/** IFA_ADDRESS, IFA_LOCAL, IFA_FLAGS */
const IFA = { address: 1, local: 2, flags: 8 } as const
/** IFA_F_SECONDARY (IPv6: temporary); IFA_F_DADFAILED, IFA_F_DEPRECATED, IFA_F_TENTATIVE */
const [SECONDARY, UNFIT] = [0x01, 0x08 | 0x20 | 0x40]
/** IFLA_IFNAME */
const INTERFACE_NAME = 3

/** Asks the kernel by its own interface. Undefined if there is no such socket. */
export function netlinkRoutes(): Routes | undefined {
  const socket = openSocket('route')
  return socket && routesOver(socket)
}

function routesOver(socket: NetlinkSocket): Routes {
  let sequence = 0
  const send = (request: Request) => {
    sequence += 1
    return ask(socket, request, sequence)
  }
  const names = new Map<number, string>()
  const links = () => {
    if (names.size > 0) return names
    const header = Array.from({ length: HEADERS.link }, () => 0)
    for (const { payload } of must(send({ type: GET.link, isDump: true, header, attributes: [] }))) {
      names.set(
        hostU32(payload, 4),
        readText(parseAttributes(payload.subarray(HEADERS.link)).get(INTERFACE_NAME)),
      )
    }
    return names
  }
  const indexOf = (name: string) => {
    const found = [...links()].find(([, other]) => other === name)
    if (!found) throw new CniError('ioFailure', `Cannot look up a route: there is no interface ${name}`)
    return u32(found[0])
  }
  return {
    lookUp(destination, { from, out, asWritten = false } = {}) {
      const bits = FAMILIES[destination.family].bits
      const header = [
        ...[NUMBERS[destination.family], bits, from ? bits : 0, 0, 0, 0, 0, 0],
        ...u32(asWritten ? FIB_MATCH : 0),
      ]
      const attributes = [
        ...attribute(RTA.destination, bytesOf(destination)),
        ...(from ? attribute(RTA.source, bytesOf(from.source)) : []),
        ...(from ? attribute(RTA.in, indexOf(from.through)) : []),
        ...(out === undefined ? [] : attribute(RTA.out, indexOf(out))),
      ]
      return routeOf(send({ type: GET.route, isDump: false, header, attributes }), (index) =>
        links().get(index),
      )
    },
    addresses(family) {
      const header = [NUMBERS[family], 0, 0, 0, 0, 0, 0, 0]
      const messages = must(send({ type: GET.address, isDump: true, header, attributes: [] }))
      return messages.flatMap((message) => ownAddressIn(message, family, links()))
    },
  }
}

function must(reply: Reply): readonly Message[] {
  if (reply.ok) return reply.messages
  throw new CniError('ioFailure', `Cannot ask the kernel for its routes: ${wordsFor(reply)}`)
}

/** strerror(3) for the errors with which lookups are refused. */
const WORDS: Readonly<Record<number, string>> = {
  11: 'the kernel did not answer in time',
  13: 'Permission denied',
  18: 'Invalid cross-device link',
  22: 'Invalid argument',
  101: 'Network is unreachable',
  113: 'No route to host',
}

function wordsFor({ errno, said }: Reply & { readonly ok: false }): string {
  return said || WORDS[errno] || `errno ${errno}`
}

function routeOf(reply: Reply, nameOf: (index: number) => string | undefined): Route {
  if (!reply.ok) return { kind: 'none', said: wordsFor(reply) }
  const [message] = reply.messages
  if (!message) return { kind: 'none', said: 'the kernel gave no answer' }
  const type = message.payload[7]
  if (type === TYPES.local || type === TYPES.anycast) return { kind: 'local' }
  const attributes = parseAttributes(message.payload.subarray(HEADERS.route))
  const index = attributes.get(RTA.out)
  const out = index && nameOf(hostU32(index, 0))
  const goesOut = type === TYPES.unicast || type === TYPES.multicast || type === TYPES.broadcast
  if (!goesOut || out === undefined) return { kind: 'none', said: 'the route leads nowhere' }
  const [gateway, preferred] = [addressAt(attributes, RTA.gateway), addressAt(attributes, RTA.preferred)]
  return { kind: 'out', out, ...(gateway && { gateway }), ...(preferred && { preferred }) }
}

function addressAt(attributes: Attributes, type: number): Address | undefined {
  const bytes = attributes.get(type)
  return bytes && addressOf([...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(''))
}

function ownAddressIn(
  { payload }: Message,
  family: Family,
  names: ReadonlyMap<number, string>,
): OwnAddress[] {
  const attributes = parseAttributes(payload.subarray(HEADERS.address))
  const subnet = addressAt(attributes, IFA.address)
  const address = addressAt(attributes, IFA.local) ?? subnet
  const name = names.get(hostU32(payload, 4))
  if (payload[0] !== NUMBERS[family] || !address || !subnet || name === undefined) return []
  const flagBytes = attributes.get(IFA.flags)
  const flags = flagBytes ? hostU32(flagBytes, 0) : (payload[2] ?? 0)
  return [
    {
      ...{ interface: name, address, subnet, length: payload[1] ?? 0, scope: payload[3] ?? 0 },
      ...{ isSecondary: (flags & SECONDARY) !== 0, isUnfit: (flags & UNFIT) !== 0 },
    },
  ]
}

function bytesOf(address: Address): number[] {
  return (digitsOf(address).match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16))
}

function hostU32(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at, at + 4)
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0
}
