import { type Address, fromMapped } from '../../policy/address'
import { idOfDigest } from '../identity'
import { type ListedNote, ORIGINS } from '../listed'
import { digestOfOwner } from './owner'
import { NO_ADDRESS, ORIGIN_LETTERS, type SlotNote } from './slots'
import type { SlotState } from './table-state'

/**
 * Reads what elements of `owners` and `attachments` record, for commands that list them. An ADD only writes it, and does
 * not load this file.
 */

/** The attachment (`attachmentId`) that an owner value belongs to, whatever addresses its ADD had. */
export function ownerId(value: Address): string {
  return idOfDigest(digestOfOwner(value))
}

/** Parses an owner's comment. Its names are cut to fit, and characters that a comment cannot hold are replaced. */
export function parseOwnerComment(comment: string | undefined): ListedNote | undefined {
  // The comment is cut at blanks: a regular expression for all of it takes ten times as long, and a node has thousands of
  // comments.
  const parts = (comment ?? '').split(' ')
  const [digest = '', seconds = '', network = '', containerID = '', ifname = '', pod = '-'] = parts
  if (parts.length < 5 || parts.length > 6 || ifname === '' || network === '' || containerID === '')
    return undefined
  if (!/^[0-9a-f]{16}$/.test(digest) || !/^\d{10,}$/.test(seconds)) return undefined
  return {
    networkDigest: digest,
    epochSeconds: Number(seconds),
    network,
    containerID,
    ifname,
    pod: pod === '-' ? '' : pod,
  }
}

/** Parses the comment of slot 0; undefined where somebody else wrote the element. */
export function parseSlotComment(
  comment: string | undefined,
): (SlotNote & { readonly count: number }) | undefined {
  const [, count, seconds, letter, netns = '-'] = /^(\d+) (\d+|-) ([a-z]) (\S+)$/.exec(comment ?? '') ?? []
  const origin = ORIGINS.find((one) => ORIGIN_LETTERS[one] === letter)
  if (count === undefined || origin === undefined) return undefined
  return {
    count: Number(count),
    ...(seconds !== '-' && { bootSeconds: Number(seconds) }),
    origin,
    ...(netns !== '-' && { netns }),
  }
}

/** An element of `attachments`, as it was read; `digits` are the digits of its key. */
export function slotState(
  digits: string,
  { value, comment }: { readonly value: Address; readonly comment?: string },
): SlotState {
  return {
    digest: digits.slice(0, DIGEST_DIGITS),
    slot: Number.parseInt(digits.slice(DIGEST_DIGITS), 16),
    ...(value.value !== NO_ADDRESS.value && { address: fromMapped(value.value) }),
    ...(comment !== undefined && { comment }),
  }
}

const DIGEST_DIGITS = 24

/** Joins both comments: the one in `owners` is for people, the one in slot 0 for programs. */
export function listedNote(ownerComment?: string, slotComment?: string): ListedNote | undefined {
  const note = parseOwnerComment(ownerComment)
  if (!note) return undefined
  const { bootSeconds, origin, netns } = parseSlotComment(slotComment) ?? {}
  return {
    ...note,
    ...(bootSeconds !== undefined && { bootSeconds }),
    ...(origin && { origin }),
    ...(netns !== undefined && { netns }),
  }
}
