import type { Attachment } from '../cni/attachment'
import type { Address } from '../policy/address'
import type { Policy } from '../policy/policy'

/** One attachment's rules as they should stand in the kernel. */
export interface Wanted {
  readonly attachment: Attachment
  readonly addresses: readonly Address[]
  readonly policy: Policy
}

/**
 * What a firewall can do for us. Each verb states a wanted state and may be repeated; none reads the config.
 * They throw CniError; `remove` only when rules of the attachment were seen and could not be removed.
 */
export interface Backend {
  /** ADD: the rules of all addresses stand, or none was changed. */
  apply(wanted: Wanted): void
  /**
   * DEL: nothing of the attachment's is left. `hint` holds the addresses it is thought to have; it may be empty or
   * wrong. Returns why the outcome is not known, if it is not (tool missing, deadline): no reason to fail a DEL.
   */
  remove(attachment: Attachment, hint: readonly Address[]): string | undefined
  /** CHECK: how the kernel differs from what is wanted, a line each; changes nothing. */
  verify(wanted: Wanted): readonly string[]
}
