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
  if (comment === undefined || !/^[0-9a-f]{16} \d{10,} /.test(comment)) return undefined
  // The names are cut at blanks and taken by index: a node has thousands of comments, and a regular expression for all of
  // a comment takes ten times as long.
  const parts = comment.split(' ')
  const network = parts[2] ?? ''
  const containerID = parts[3] ?? ''
  const ifname = parts[4] ?? ''
  const pod = parts[5] ?? '-'
  if (parts.length > 6 || ifname === '' || network === '' || containerID === '') return undefined
  return {
    networkDigest: comment.slice(0, NETWORK_DIGITS),
    epochSeconds: Number(parts[1]),
    network,
    containerID,
    ifname,
    pod: pod === '-' ? '' : pod,
  }
}

const NETWORK_DIGITS = 16

/** Parses the comment of slot 0; undefined where somebody else wrote the element. */
export function parseSlotComment(comment: string | undefined): SlotNote | undefined {
  const found = /^\d+ (\d+|-) ([a-z]) (\S+)$/.exec(comment ?? '')
  const origin = found && ORIGINS.find((one) => ORIGIN_LETTERS[one] === found[2])
  if (!origin) return undefined
  const seconds = found[1] ?? '-'
  const netns = found[3] ?? '-'
  return {
    ...(seconds !== '-' && { bootSeconds: Number(seconds) }),
    origin,
    ...(netns !== '-' && { netns }),
  }
}

/** An element of `attachments`, as it was read; `digits` are the digits of its key. */
export function slotState(
  digits: string,
  { value, comment }: { readonly value: Address; readonly comment?: string | undefined },
): SlotState {
  return {
    digest: digits.slice(0, DIGEST_DIGITS),
    slot: Number.parseInt(digits.slice(DIGEST_DIGITS), 16),
    address: value.value === NO_ADDRESS.value ? undefined : fromMapped(value.value),
    comment,
  }
}

const DIGEST_DIGITS = 24

/** Joins both comments: the one in `owners` is for people, the one in slot 0 for programs. */
export function listedNote(ownerComment?: string, slotComment?: string): ListedNote | undefined {
  const note = parseOwnerComment(ownerComment)
  return note && { ...note, ...parseSlotComment(slotComment) }
}
