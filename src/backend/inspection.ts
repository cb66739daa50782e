import type { Address, Family } from '../policy/address'
import type { Policy } from '../policy/policy'
import type { Listed } from './backend'
import type { PlaceName } from './places/place'

/** What the kernel has of ours at one moment, as values: for commands that show it to an operator. Nothing is changed. */
export interface Inspection {
  readonly attachments: readonly LiveAttachment[]
  readonly policies: readonly LivePolicy[]
  /** Places that could not be looked at, and why, a line each. */
  readonly unseen: readonly string[]
}

export interface LiveAttachment extends Listed {
  readonly place: PlaceName
  /** The policy that each address is sent to. */
  readonly rules: readonly LiveRule[]
}

export interface LiveRule {
  readonly address: Address
  /** `LivePolicy.name`; absent where the address has no rule, or one that is not ours. */
  readonly policy?: string
}

export interface LivePolicy {
  /** The name of its chain. iptables has a chain in each family, and so a name in each. */
  readonly name: string
  readonly place: PlaceName
  /** The families that the chain is for: both in nftables, one in iptables. */
  readonly families: readonly Family[]
  /** What the rules do, read back from the kernel. Absent where they were altered so that no policy of ours does it. */
  readonly policy?: Policy
  /** Lines that we could not have written, in the words of whoever read them. */
  readonly foreign: readonly string[]
}
