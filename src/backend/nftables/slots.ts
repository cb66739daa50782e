import { type Address, toMapped } from '../../policy/address'
import { formatAddress } from '../../policy/address-text'
import { digitsOfNumber } from '../../policy/digits'
import type { Origin } from '../backend'
import { ATTACHMENTS } from './layout'
import type { ElementOperation } from './transaction'

/**
 * The map `attachments` lists the addresses of each attachment, so that a DEL without prevResult finds them by key. A key
 * is the attachment's 96 bits and a number from 0 on, its *slot*; the value is one address. A walk through `owners` would
 * find the same, but the kernel gives no snapshot of a hash table: while it resizes one, a walk misses elements.
 *
 * A *tombstone* is slot 0 with the address `::`. A DEL leaves it for two minutes. Whoever restores rules from the result
 * cache meanwhile is refused, because an `add` with another value clashes.
 */
export const NO_ADDRESS: Address = { family: 'ip6', value: 0n }

/**
 * libcni keeps its cache entry until the DEL of the whole chain is done. A chain that takes longer than this is not
 * waited for.
 */
const TOMBSTONE_SECONDS = 120

/** The record of the ADD in the comment of slot 0, for programs. */
export interface SlotNote {
  /** Absent: nobody recorded it. */
  readonly bootSeconds?: number | undefined
  readonly origin?: Origin | undefined
  /** CNI_NETNS, as the runtime names it. */
  readonly netns?: string | undefined
}

/** The key of a slot. `digest` is the `attachmentDigest`. */
export function slotKey(digest: string, slot: number): Address {
  return { family: 'ip6', value: BigInt(`0x${digest}${digitsOfNumber(slot)}`) }
}

/** The order of an attachment's addresses in its slots, whatever the order in its result. */
export function inSlotOrder(addresses: readonly Address[]): readonly Address[] {
  if (addresses.length < 2) return addresses
  return [...addresses].sort((a, b) => (formatAddress(a) < formatAddress(b) ? -1 : 1))
}

/** This is refused when the attachment has other addresses there, or a tombstone; it changes nothing when it has the same. */
export function addSlots(digest: string, addresses: readonly Address[], note: SlotNote): ElementOperation {
  const comment = slotComment(addresses.length, note)
  return {
    do: 'add-elements',
    set: ATTACHMENTS,
    elements: inSlotOrder(addresses).map((address, slot) => ({
      key: slotKey(digest, slot),
      value: { family: 'ip6', value: toMapped(address) },
      ...(slot === 0 && { comment }),
    })),
  }
}

function deleteSlot(digest: string, slot: number): ElementOperation {
  return { do: 'delete-element', set: ATTACHMENTS, key: slotKey(digest, slot) }
}

/**
 * Deletes slots that were read, if they are still the same. A deletion ignores the value, and would remove what an ADD
 * has written since. So an `add` comes first: it changes nothing if the value is the same, and clashes with another
 * value. A tombstone stays this way.
 */
export function deleteSlotsThatSay(
  digest: string,
  slots: readonly { readonly slot: number; readonly address?: Address | undefined }[],
): ElementOperation[] {
  const operations: ElementOperation[] = []
  for (const { slot, address } of slots) {
    if (address) {
      const element = {
        key: slotKey(digest, slot),
        value: { family: 'ip6', value: toMapped(address) },
      } as const
      operations.push({ do: 'add-elements', set: ATTACHMENTS, elements: [element] })
    }
    operations.push(deleteSlot(digest, slot))
  }
  return operations
}

/** Deletes that many slots, from 0 on. */
export function deleteSlots(digest: string, count: number): ElementOperation[] {
  const operations: ElementOperation[] = []
  for (let slot = 0; slot < count; slot++) operations.push(deleteSlot(digest, slot))
  return operations
}

export function addTombstone(digest: string): ElementOperation {
  const element = { key: slotKey(digest, 0), value: NO_ADDRESS, timeoutSeconds: TOMBSTONE_SECONDS }
  return { do: 'add-elements', set: ATTACHMENTS, elements: [element] }
}

export const ORIGIN_LETTERS: Readonly<Record<Origin, string>> = { added: 'a', restored: 'r', adopted: 'o' }

/** nft's limit for the comment of an element (NFTNL_UDATA_COMMENT_MAXLEN). */
const COMMENT_BYTES = 128

/** `<number of addresses> <boot seconds> <origin> <network namespace>`, with `-` for an unknown value. */
function slotComment(count: number, { bootSeconds, origin = 'added', netns = '-' }: SlotNote): string {
  const seconds = bootSeconds === undefined ? '-' : Math.floor(bootSeconds)
  const head = `${count} ${seconds} ${ORIGIN_LETTERS[origin]} `
  const isUsable = /^[A-Za-z0-9_./:-]+$/.test(netns) && head.length + netns.length <= COMMENT_BYTES
  return head + (isUsable ? netns : '-')
}
