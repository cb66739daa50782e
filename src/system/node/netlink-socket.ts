import type { NetlinkSocket } from '../netlink-socket'

/** Node has no words for them. */
export function openSocket(): NetlinkSocket | undefined {
  return undefined
}
