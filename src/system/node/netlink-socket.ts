import type { NetlinkProtocol, NetlinkSocket } from '../netlink-socket'

/** Node has no words for them. */
export function openSocket(_protocol?: NetlinkProtocol): NetlinkSocket | undefined {
  return undefined
}
