import { type Address, fromMapped } from '../../policy/address'
import { idOfDigest } from '../identity'
import { type ListedNote, ORIGINS } from '../listed'
import { digestOfOwner } from './owner'
import { NO_ADDRESS, ORIGIN_LETTERS, type SlotNote } from './slots'
import type { SlotState } from './table-state'

/** What elements of `owners` and `attachments` say, to those who list them. An ADD only writes it, and does not load this. */

/** Whose an owner value is, whatever addresses its ADD had: `attachmentId`. */
export function ownerId(value: Address): string {
  return idOfDigest(digestOfOwner(value))
}

/** What an owner's comment says. The names are cut to fit, and other characters are replaced in them. */
export function parseOwnerComment(comment: string | undefined): ListedNote | undefined {
  // Cut at blanks: one expression for all of it takes ten times as long, and a node has thousands of comments.
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

/** What the comment of slot 0 says; undefined where somebody else wrote the element. */
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

/** An element of `attachments`, as it was read; `digits`: those of its key. */
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

/** What the two comments say together: for people in `owners`, for programs in slot 0. */
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
