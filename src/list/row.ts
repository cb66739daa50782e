import type { PlaceName } from '../backend/inspection'
import type { Address } from '../policy/address'
import type { Prefix } from '../policy/prefix'
import type { ListedPolicy } from './policies'

/** An attachment in one place. An attachment that has rules in two places has two rows. */
export interface Row {
  /** `attachmentId`; empty if the rules do not name an attachment. */
  readonly id: string
  readonly addresses: readonly Address[]
  readonly names: Names
  readonly netns?: string | undefined
  /** Absent if it has no rules and should have some. */
  readonly place?: PlaceName
  readonly policy?: ListedPolicy | undefined
  /** The pod's own list, if its policy was made from one. */
  readonly ownList?: readonly Prefix[] | undefined
  readonly odd: readonly Oddity[]
}

/** From the cache entry, or else from the note in the rules, which may be cut; empty if neither has them. */
export interface Names {
  readonly network: string
  readonly containerID: string
  readonly ifname: string
  /** `namespace/name` */
  readonly pod: string
}

export interface Oddity {
  readonly code:
    | 'no-rules'
    | 'no-rule'
    | 'foreign-rule'
    | 'policy-altered'
    | 'other-policy'
    | 'other-place'
    | 'two-places'
    | 'no-owner'
    | 'no-cache-entry'
    | 'add-under-way'
    | 'namespace-gone'
    | 'gone'
    | 'not-in-conflist'
  /** A few words for people. */
  readonly text: string
}
