import type { Address } from '../../policy/address'
import { digitsOf, isSameAddress } from '../../policy/address'
import { subnetOf } from '../../policy/prefix'
import type { OwnAddress, Route, Routes } from './routes'

type RouteOut = Route & { readonly kind: 'out' }

/**
 * Finds the address that the kernel's masquerade gives to packets that take this route. The kernel chooses among the
 * interface's addresses, and ignores the source that is written in a route (`src`). Undefined if the interface has no
 * address; then the kernel drops the packet.
 */
export function masqueradeAddress(
  routes: Routes,
  destination: Address,
  route: RouteOut,
): Address | undefined {
  return destination.family === 'ip'
    ? ipv4Address(routes.addresses('ip'), destination, route)
    : ipv6Address(routes, destination, route.out)
}

/**
 * `nf_nat_masquerade_ipv4`: `inet_select_addr(out, nexthop, RT_SCOPE_UNIVERSE)`. The first primary address whose subnet has the
 * next hop, else the first primary one of the interface, else of any interface.
 */
function ipv4Address(
  all: readonly OwnAddress[],
  destination: Address,
  { out, gateway }: RouteOut,
): Address | undefined {
  const global = all.filter(({ isSecondary, scope }) => !isSecondary && scope === 0)
  const own = global.filter((one) => one.interface === out)
  // A gateway of the other family (RTA_VIA) does not count here.
  const hop = gateway?.family === 'ip' ? gateway : destination
  const near = own.find(({ subnet, length }) => isSameSubnet(subnet, hop, length))
  return (near ?? own[0] ?? global.find((one) => one.interface !== 'lo') ?? global[0])?.address
}

function isSameSubnet(one: Address, other: Address, length: number): boolean {
  return subnetOf(one, length).digits === subnetOf(other, length).digits
}

/**
 * `nf_nat_masquerade_ipv6`: `ipv6_dev_get_saddr(out, destination)`, which the kernel also does for a route of the machine's own packets. What
 * is written in the route would hide it; then we choose, by what of RFC 6724 tells addresses of one interface apart.
 */
function ipv6Address(routes: Routes, destination: Address, out: string): Address | undefined {
  const written = routes.lookUp(destination, { out, asWritten: true })
  const chosen = routes.lookUp(destination, { out })
  if (written.kind !== 'out' || written.preferred === undefined) {
    return chosen.kind === 'out' ? chosen.preferred : undefined
  }
  const candidates = routes
    .addresses('ip6')
    .filter((one) => one.interface === out && one.scope === 0 && !one.isUnfit && !one.isSecondary)
  const rank = ({ address }: OwnAddress) =>
    (labelOf(address) === labelOf(destination) ? 1000 : 0) + commonBits(address, destination)
  return candidates.sort((a, b) => rank(b) - rank(a))[0]?.address
}

/** The labels of RFC 6724's default policy table that distinguish addresses of a network. */
function labelOf(address: Address): number {
  const digits = digitsOf(address)
  if (digits.startsWith('fc') || digits.startsWith('fd')) return 13
  if (digits.startsWith('20010000')) return 5
  return digits.startsWith('2002') ? 2 : 1
}

function commonBits(one: Address, other: Address): number {
  if (isSameAddress(one, other)) return 128
  return 128 - (one.value ^ other.value).toString(2).length
}
