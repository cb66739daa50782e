import { decodeLatin1 } from '#system/text'
import type { ElementKey, FoundElement } from '../carrier'
import { addressOfBytes } from './addresses'
import { mayLack, must } from './ask'
import type { Verdict } from './data'
import { targetOf } from './decode-data'
import { writeKeyAlone } from './encode-elements'
import { COMMENT, ELEMENT, ELEMENTS, MESSAGES } from './protocol'
import type { Session } from './session'
import { GENERIC_HEADER, listAttributes, type Message, readText, readU32 } from './wire'

/**
 * Looks elements up by key (NFT_MSG_GETSETELEM), all in one system call. This is exact, whatever else happens to the
 * table. An element, a map or a table that does not exist is undefined.
 */
export function findElements(session: Session, keys: readonly ElementKey[]): (FoundElement | undefined)[] {
  const questions = keys.map(({ set, key }) => ({
    type: MESSAGES.getSetElement,
    write: (writer: Parameters<typeof writeKeyAlone>[0]) => writeKeyAlone(writer, set, key),
  }))
  return must(session.getAll(questions)).map((answer) => {
    const message = mayLack(answer)
    return message && elementOf(message)
  })
}

/** Reads the one element in a message. A DEL runs this, so it uses neither a `Map` of attributes nor a text decoder. */
function elementOf({ payload }: Message): FoundElement | undefined {
  for (const [type, list] of listAttributes(payload.subarray(GENERIC_HEADER))) {
    if (type !== ELEMENTS.elements) continue
    for (const [, element] of listAttributes(list)) return partsOf(element)
  }
  return undefined
}

function partsOf(element: Uint8Array): FoundElement {
  let found: FoundElement = {}
  for (const [type, bytes] of listAttributes(element)) {
    if (type === ELEMENT.data) found = { ...found, ...dataOf(bytes) }
    if (type === ELEMENT.userdata) {
      const comment = commentIn(bytes)
      if (comment !== undefined) found = { ...found, comment }
    }
  }
  return found
}

/** NFTA_DATA_VALUE, NFTA_DATA_VERDICT; NFTA_VERDICT_CODE, NFTA_VERDICT_CHAIN */
function dataOf(bytes: Uint8Array): Pick<FoundElement, 'value' | 'verdict'> {
  for (const [type, data] of listAttributes(bytes)) {
    if (type === 1) return { value: addressOfBytes(data) }
    let verdict: Verdict = { code: 0 }
    for (const [part, value] of listAttributes(data))
      verdict =
        part === 1 ? { ...verdict, code: readU32(value) ?? 0 } : { ...verdict, chain: readText(value) }
    return { verdict: targetOf(verdict) }
  }
  return {}
}

/** The comment in nft's user data, which is a list of type, length and value. A comment ends with a zero. */
export function commentIn(bytes: Uint8Array | undefined): string | undefined {
  for (let at = 0; bytes && at + 2 <= bytes.length; at += 2 + (bytes[at + 1] ?? 0)) {
    if (bytes[at] !== COMMENT) continue
    return decodeLatin1(bytes.subarray(at + 2, at + 1 + (bytes[at + 1] ?? 0)))
  }
  return undefined
}
