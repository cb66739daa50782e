import type { Address } from '../../../policy/address'
import { isOpenEnded, type Range } from '../../../policy/range'
import { TABLE_NAME } from '../layout'
import type { Element } from '../transaction'
import { addressBytes } from './addresses'
import { DATA, LIST_ELEMENT, VERDICTS, writeData } from './data'
import { COMMENT, ELEMENT, ELEMENTS, INTERVAL_END, OPEN_INTERVAL } from './protocol'
import { type Writer, zeroEnded } from './writer'

/** Encodes elements of our sets and maps, to add and to delete. */

export function writeElements(writer: Writer, set: string, elements: readonly Element[]): void {
  writeList(writer, set, () => {
    const next = counter()
    for (const element of elements) writeElement(writer, element, next)
  })
}

/** Writes a key without a value. A deletion names only the key, and ignores the value. */
export function writeKeyAlone(writer: Writer, set: string, key: Address): void {
  writeList(writer, set, () => writer.nest(LIST_ELEMENT, () => writeKey(writer, addressBytes(key))))
}

function writeList(writer: Writer, set: string, body: () => void): void {
  writer.text(ELEMENTS.table, TABLE_NAME)
  writer.text(ELEMENTS.set, set)
  writer.nest(ELEMENTS.elements, body)
}

function writeKey(writer: Writer, key: Uint8Array): void {
  writeData(writer, ELEMENT.key, key)
}

/** nft numbers the elements of a list; the kernel accepts any numbers. */
function counter(): () => number {
  let count = 0
  return () => ++count
}

function writeElement(writer: Writer, element: Element, next: () => number): void {
  if ('range' in element) {
    writeRange(writer, element.range, next)
    return
  }
  writer.nest(next(), () => {
    // This is the order that nft uses.
    if ('timeoutSeconds' in element && element.timeoutSeconds !== undefined)
      writer.u64(ELEMENT.timeout, element.timeoutSeconds * 1000)
    writeKey(writer, addressBytes(element.key))
    if ('goto' in element)
      return writeData(writer, ELEMENT.data, { code: VERDICTS.goto, chain: element.goto })
    writeData(writer, ELEMENT.data, addressBytes(element.value))
    if (element.comment !== undefined) writer.raw(ELEMENT.userdata, comment(element.comment))
  })
}

/**
 * Writes a range. A set of intervals has the borders as elements: where a range begins and, with a flag, the key after
 * its end.
 */
function writeRange(writer: Writer, range: Range, next: () => number): void {
  const isOpen = isOpenEnded(range)
  writer.nest(next(), () => {
    writer.nest(ELEMENT.key, () => writer.digits(DATA.value, range.first))
    if (isOpen) writer.raw(ELEMENT.userdata, OPEN_INTERVAL)
  })
  if (isOpen) return
  writer.nest(next(), () => {
    writer.u32(ELEMENT.flags, INTERVAL_END)
    writer.nest(ELEMENT.key, () => writer.digits(DATA.value, range.end))
  })
}

function comment(text: string): Uint8Array {
  const value = zeroEnded(text)
  const bytes = new Uint8Array(value.length + 2)
  bytes.set([COMMENT, value.length])
  bytes.set(value, 2)
  return bytes
}
