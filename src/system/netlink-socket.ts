/** The kernel's own interface for nf_tables, conntrack and routes: `#system/netlink-socket`. */
export interface NetlinkSockets {
  /** Undefined where the runtime has no such sockets, or where one is refused: tools are used instead. */
  openSocket(protocol?: NetlinkProtocol): NetlinkSocket | undefined
}

/** NETLINK_NETFILTER, the usual one, or NETLINK_ROUTE. */
export type NetlinkProtocol = 'netfilter' | 'route'

/** An AF_NETLINK socket of that protocol, with NETLINK_CAP_ACK and NETLINK_EXT_ACK where the kernel knows them. */
export interface NetlinkSocket {
  /**
   * Sends one batch as one message of the socket. Returns 0, or an errno. `answers` is the largest number of answers at
   * once: the queue gets room for them before they come, because an answer that finds no room is lost, and so are all
   * after it.
   */
  send(bytes: Uint8Array, answers: number): number
  /**
   * Receives one datagram from the kernel (those of other processes are skipped), or an errno: EMSGSIZE for a datagram
   * longer than 64 KiB, EAGAIN if none comes within 10 s. The bytes are a copy for the caller.
   */
  receive(): Uint8Array | number
  close(): void
}
