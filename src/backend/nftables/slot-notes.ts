import { type Address, digitsOf, fromMapped } from '../../policy/address'
import { ORIGINS } from '../backend'
import { NO_ADDRESS, ORIGIN_LETTERS, type SlotNote } from './slots'
import type { SlotState } from './table-state'

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

/** An element of `attachments`, as it was read. */
export function slotState(
  key: Address,
  { value, comment }: { readonly value: Address; readonly comment?: string },
): SlotState {
  const digits = digitsOf(key)
  return {
    digest: digits.slice(0, DIGEST_DIGITS),
    slot: Number.parseInt(digits.slice(DIGEST_DIGITS), 16),
    ...(value.value !== NO_ADDRESS.value && { address: fromMapped(value.value) }),
    ...(comment !== undefined && { comment }),
  }
}

const DIGEST_DIGITS = 24
