import type { NetlinkProtocol, NetlinkSocket } from '../netlink-socket'

/** Node has no netlink sockets. */
export function openSocket(_protocol?: NetlinkProtocol): NetlinkSocket | undefined {
  return undefined
}
