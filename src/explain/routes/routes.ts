import type { Address, Family } from '../../policy/address'

/** The result of a lookup in the kernel's routes. */
export type Route =
  | { readonly kind: 'out'; readonly out: string; readonly gateway?: Address; readonly preferred?: Address }
  /** The destination is an address of this machine. Its packets never come to postrouting. */
  | { readonly kind: 'local' }
  /** The kernel has no route, or does not accept such a packet from there. `said` has its words. */
  | { readonly kind: 'none'; readonly said: string }
  /** Multicast or broadcast does not take these routes. `said` has the reason. */
  | { readonly kind: 'group'; readonly said: string }

/** An address of an interface, as the kernel lists them. */
export interface OwnAddress {
  readonly interface: string
  readonly address: Address
  /** The subnet that the kernel assigns to the address. If there is a peer, it is the peer's. */
  readonly subnet: Address
  readonly length: number
  /** rtnetlink(7): 0 means the whole world, 253 the link. */
  readonly scope: number
  /** The address is a further one of its subnet, or with IPv6 a temporary one. */
  readonly isSecondary: boolean
  /** With IPv6: the address cannot be used yet, or should not be used any more. */
  readonly isUnfit: boolean
}

/** The kernel's routing, over netlink or with ip(8). Throws a CniError if it cannot be asked. */
export interface Routes {
  /**
   * With `from`, the lookup is for a packet with this source that comes in through this interface. Without it, it is
   * for a packet of the machine itself.
   */
  lookUp(destination: Address, options?: LookUp): Route
  addresses(family: Family): readonly OwnAddress[]
}

export interface LookUp {
  readonly from?: { readonly source: Address; readonly through: string }
  readonly out?: string
  /**
   * Returns the route itself: `preferred` is the source that is written in it, and not the one that the kernel chooses.
   */
  readonly asWritten?: boolean
}
