/** The kernel's own interface for nf_tables, conntrack and routes: `#system/netlink-socket`. */
export interface NetlinkSockets {
  /** Undefined where the runtime has no such sockets, or one is refused: tools are there for that. */
  openSocket(protocol?: NetlinkProtocol): NetlinkSocket | undefined
}

/** NETLINK_NETFILTER, which is the usual one, or NETLINK_ROUTE. */
export type NetlinkProtocol = 'netfilter' | 'route'

/** AF_NETLINK of that protocol, with NETLINK_CAP_ACK and NETLINK_EXT_ACK where the kernel knows them. */
export interface NetlinkSocket {
  /**
   * One batch as one message of the socket: 0, or an errno. `answers`: how many there may be at once; their place in the queue is made
   * before they come, because what finds none is lost, and all after it.
   */
  send(bytes: Uint8Array, answers: number): number
  /**
   * One datagram of the kernel's (whatever other processes send is skipped), or an errno; EMSGSIZE for one that is longer than
   * 64 KiB, EAGAIN where none has come within 10 s. The bytes are the caller's own.
   */
  receive(): Uint8Array | number
  close(): void
}
