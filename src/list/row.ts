import type { PlaceName } from '../backend/inspection'
import type { Address } from '../policy/address'
import type { Prefix } from '../policy/prefix'
import type { ListedPolicy } from './policies'

/** An attachment in one place: one that has rules in two places has two rows. */
export interface Row {
  /** `attachmentId`; empty where the rules do not say whose they are. */
  readonly id: string
  readonly addresses: readonly Address[]
  readonly names: Names
  readonly netns?: string | undefined
  /** Absent: it has no rules, and should have some. */
  readonly place?: PlaceName
  readonly policy?: ListedPolicy | undefined
  /** The list that came with the pod, where its policy is made of that. */
  readonly ownList?: readonly Prefix[] | undefined
  readonly odd: readonly Oddity[]
}

/** As the cache entry has them, or else the note in the rules, where they may be cut; empty where nobody knows. */
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
