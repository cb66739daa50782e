import { type Address, isSameAddress } from '../../policy/address'
import { idOfDigest } from '../identity'
import { type ListedNote, ORIGINS, type Origin } from '../listed'
import { digestOfOwner, wordEpochSeconds } from './owner'
import { NO_ADDRESS, ORIGIN_LETTERS, type SlotNote } from './slots'
import type { SlotState } from './table-state'

/**
 * Reads what elements of `owners` and `attachments` record, for commands that list them. An ADD only writes it, and does
 * not load this file.
 */

/** The attachment (`attachmentId`) that an owner value belongs to, whatever addresses its ADD had. */
export function ownerId(owner: string): string {
  return idOfDigest(digestOfOwner(owner))
}

/**
 * Parses an owner's comment; `slot` is what the comment of slot 0 adds. Its names are cut to fit, and characters that a
 * comment cannot hold are replaced. A node has thousands of comments, so they are cut at blanks and taken by index: a regular
 * expression takes ten times as long.
 */
export function parseOwnerComment(comment: string | undefined, slot?: SlotNote): ListedNote | undefined {
  if (comment === undefined) return undefined
  const parts = comment.split(' ')
  const networkDigest = parts[0] ?? ''
  const epochSeconds = Number(parts[1])
  const network = parts[2] ?? ''
  const containerID = parts[3] ?? ''
  const ifname = parts[4] ?? ''
  const pod = parts[5] ?? '-'
  if (parts.length > 6 || ifname === '' || network === '' || containerID === '') return undefined
  if (networkDigest.length !== NETWORK_DIGITS || Number.isNaN(Number(`0x${networkDigest}`))) return undefined
  if (!Number.isSafeInteger(epochSeconds) || wordEpochSeconds(epochSeconds) !== parts[1]) return undefined
  return {
    networkDigest,
    epochSeconds,
    bootSeconds: slot?.bootSeconds,
    netns: slot?.netns,
    origin: slot?.origin,
    network,
    containerID,
    ifname,
    pod: pod === '-' ? '' : pod,
  }
}

const NETWORK_DIGITS = 16

/** Parses the comment of slot 0; undefined where somebody else wrote the element. */
export function parseSlotComment(comment: string | undefined): SlotNote | undefined {
  if (comment === undefined) return undefined
  const parts = comment.split(' ')
  const seconds = parts[1] ?? ''
  const origin = originOf(parts[2])
  const netns = parts[3] ?? ''
  const isWhole = parts.length === 4 && isDecimal(parts[0]) && (seconds === '-' || isDecimal(seconds))
  if (!isWhole || origin === undefined || netns === '') return undefined
  return {
    bootSeconds: seconds === '-' ? undefined : Number(seconds),
    origin,
    netns: netns === '-' ? undefined : netns,
  }
}

function originOf(letter: string | undefined): Origin | undefined {
  for (let i = 0; i < ORIGINS.length; i++) {
    const one = ORIGINS[i]
    if (one && ORIGIN_LETTERS[one] === letter) return one
  }
  return undefined
}

/** Whether it is a number as we write it. */
function isDecimal(text: string | undefined): boolean {
  const number = Number(text)
  return Number.isSafeInteger(number) && number >= 0 && String(number) === text
}

/** An element of `attachments`, as it was read; `digits` are the digits of its key. */
export function slotState(digits: string, address: Address, comment: string | undefined): SlotState {
  return {
    digest: digits.slice(0, DIGEST_DIGITS),
    slot: Number.parseInt(digits.slice(DIGEST_DIGITS), 16),
    address: isSameAddress(address, NO_ADDRESS) ? undefined : address,
    comment,
  }
}

const DIGEST_DIGITS = 24

/** Joins both comments: the one in `owners` is for people, the one in slot 0 for programs. */
export function listedNote(ownerComment?: string, slotComment?: string): ListedNote | undefined {
  return parseOwnerComment(ownerComment, parseSlotComment(slotComment))
}
