import type { Address } from '../policy/address'

/**
 * How the rules of an attachment came to be.
 *
 * added     its own ADD installed them
 * restored  sync, or the ADD of another pod, installed them again from the result cache
 * adopted   sync installed them, but the conflist of its ADD has no ip-masq: its DEL may never reach us (CRI-O)
 */
export const ORIGINS = ['added', 'restored', 'adopted'] as const
export type Origin = (typeof ORIGINS)[number]

/** An attachment as the kernel has it. Its names come from its owner's comment, and are for people. */
export interface Listed {
  /** `attachmentId`. */
  readonly id: string
  readonly addresses: readonly Address[]
  /** The content of the comment; absent where somebody else wrote the element. */
  readonly note?: ListedNote | undefined
}

export interface ListedNote {
  readonly networkDigest: string
  /** When its rules were installed, for people: the clock may have jumped since. */
  readonly epochSeconds: number
  /** The same in seconds since the boot; absent where a version that did not record it wrote the rules. */
  readonly bootSeconds?: number | undefined
  readonly netns?: string | undefined
  readonly origin?: Origin | undefined
  readonly network: string
  readonly containerID: string
  readonly ifname: string
  readonly pod: string
}
