import { addressBytes } from '../../backend/nftables/netlink/addresses'
import { type Address, FAMILIES } from '../../policy/address'
import { formatAddress, parseAddress } from '../../policy/address-text'
import type { Endpoint } from '../../system/sockets'

export function endpointOf(address: Address, port: number): Endpoint {
  const host = formatAddress(address)
  const [before, after] = FAMILIES[address.family].brackets
  return { address: addressBytes(address), host, port, text: `${before}${host}${after}:${port}` }
}

/** The address for the probes of a kubelet. Only the node itself reaches it. */
export function loopback(port: number): Endpoint {
  return endpointOf(parseAddress('127.0.0.1'), port)
}
