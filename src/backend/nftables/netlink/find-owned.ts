import type { Attachment } from '../../../cni/attachment'
import { attachmentDigest } from '../../identity'
import type { Ownership } from '../carrier'
import { OWNERS } from '../layout'
import type { OwnedAddress } from '../table-state'
import { addressOfBytes, hexBytes, hexOf, ownerAddress } from './addresses'
import { ELEMENT, ELEMENTS } from './protocol'
import { messagesOfSet } from './reading'
import type { Session } from './session'
import { GENERIC_HEADER, listAttributes, type Message } from './wire'

/**
 * What an attachment holds, when nobody says which addresses. A search for digits is fast; what is found may be a part of
 * something else, and so is taken apart.
 */
export function findOwned(session: Session, attachment: Attachment): Ownership {
  const digits = attachmentDigest(attachment)
  // `NOWHERE` as the key of an element.
  const nowhere = new Uint8Array(16)
  const [digest, nowhereDigits] = [hexBytes(digits), hexOf(nowhere)]
  const owned: OwnedAddress[] = []
  let hasMark = false
  for (const message of messagesOfSet(session, OWNERS)) {
    const text = hexOf(message.payload)
    if (!text.includes(digits) && !text.includes(nowhereDigits)) continue
    for (const { key, value } of pairsIn(message)) {
      hasMark ||= startsWith(key, nowhere)
      if (startsWith(value, digest)) owned.push({ address: ownerAddress(key), owner: addressOfBytes(value) })
    }
  }
  return { owned, hasMark }
}

function startsWith(bytes: Uint8Array, beginning: Uint8Array): boolean {
  for (let i = 0; i < beginning.length; i++) if (bytes[i] !== beginning[i]) return false
  return true
}

/** NFTA_SET_ELEM_LIST_ELEMENTS of one message. */
function elementsOf({ payload }: Message): ReturnType<typeof listAttributes> {
  for (const [type, list] of listAttributes(payload.subarray(GENERIC_HEADER)))
    if (type === ELEMENTS.elements) return listAttributes(list)
  return []
}

interface Pair {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Keys and values alone, of a map whose values are data: no tables of attributes, and no comments. */
function pairsIn(message: Message): Pair[] {
  const pairs: Pair[] = []
  for (const [, element] of elementsOf(message)) {
    let key: Uint8Array | undefined
    let value: Uint8Array | undefined
    for (const [type, bytes] of listAttributes(element)) {
      // NFTA_DATA_VALUE is all that is in it: its header has 4 bytes.
      if (type === ELEMENT.key) key = bytes.subarray(4)
      else if (type === ELEMENT.data) value = bytes.subarray(4)
    }
    if (key && value) pairs.push({ key, value })
  }
  return pairs
}
