import type { Address, Family } from '../../policy/address'

/** What a lookup of the kernel's routes gives. */
export type Route =
  | { readonly kind: 'out'; readonly out: string; readonly gateway?: Address; readonly preferred?: Address }
  /** An address of this machine: its packets never come to postrouting. */
  | { readonly kind: 'local' }
  /** The kernel has no way, or does not take such a packet from there; its words. */
  | { readonly kind: 'none'; readonly said: string }
  /** Multicast or broadcast, which does not go by these routes; why. */
  | { readonly kind: 'group'; readonly said: string }

/** An address of an interface, as the kernel lists them. */
export interface OwnAddress {
  readonly interface: string
  readonly address: Address
  /** The subnet that the kernel takes the address for: of a peer, where there is one. */
  readonly subnet: Address
  readonly length: number
  /** rtnetlink(7): 0 is the whole world, 253 the link. */
  readonly scope: number
  /** A further address of a subnet that has one already; with IPv6, a temporary one. */
  readonly isSecondary: boolean
  /** IPv6: not yet, no more, or no longer to be used. */
  readonly isUnfit: boolean
}

/** The kernel's routing, over netlink or with ip(8). Throws CniError where it cannot be asked. */
export interface Routes {
  /** `from`: as for a packet with this source that comes in through this interface; absent: as for one of the machine's own. */
  lookUp(destination: Address, options?: LookUp): Route
  addresses(family: Family): readonly OwnAddress[]
}

export interface LookUp {
  readonly from?: { readonly source: Address; readonly through: string }
  readonly out?: string
  /** The route itself: `preferred` is what is written in it, and not what the kernel chooses. */
  readonly asWritten?: boolean
}
