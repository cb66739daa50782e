import type { ElementOperation, Operation } from '../transaction'
import { writeElements, writeKeyAlone } from './encode-elements'
import { INET, MESSAGES } from './protocol'
import { BATCH, FLAGS, NFTABLES } from './wire'
import { createWriter, type Writer } from './writer'

/** The content of an operation's message, without its place in the batch. */
export interface MessageBody {
  readonly type: number
  readonly flags: number
  readonly write: (writer: Writer) => void
}

export function message(type: number, flags: number, write: (writer: Writer) => void): MessageBody {
  return { type, flags, write }
}

/** A transaction as the kernel takes it. */
export interface Batch {
  readonly bytes: Uint8Array
  /**
   * One per message, in order. Message `i` has sequence number `firstSequence + 1 + i`, and an error names the message by
   * that number.
   */
  readonly operations: readonly Operation[]
  /** The operation that requests an acknowledgement. */
  readonly last: number
}

/**
 * Encodes operations between two markers: the kernel applies all of them or none. The last operation requests an
 * acknowledgement. Errors come unrequested, and if nothing comes at all, the kernel has not answered.
 */
export function encodeBatch<T extends Operation>(
  transaction: readonly T[],
  firstSequence: number,
  /** `id` identifies an object that is made: any number that no other object in the batch has. */
  messageOf: (operation: T, id: number) => MessageBody,
): Batch {
  const writer = createWriter()
  const operations: Operation[] = []
  let sequence = firstSequence
  const marker = (type: number) =>
    writer.message({ type, flags: FLAGS.request, sequence: sequence++, family: 0, resource: NFTABLES })
  marker(BATCH.begin)
  const parts = transaction.flatMap((operation) => split(operation).map((part) => ({ operation, part })))
  for (const [i, { operation, part }] of parts.entries()) {
    const { type, flags, write } = messageOf(part, sequence)
    operations.push(operation)
    writer.message(
      {
        type: (NFTABLES << 8) | type,
        flags: FLAGS.request | flags | (i === parts.length - 1 ? FLAGS.ack : 0),
        sequence: sequence++,
        family: INET,
        resource: 0,
      },
      () => write(writer),
    )
  }
  marker(BATCH.end)
  return { bytes: writer.bytes(), operations, last: sequence - 2 }
}

/** The same without the marker at the end: the kernel goes through a batch without an end, and then drops it. */
export function withoutEnd({ bytes, ...batch }: Batch): Batch {
  return { ...batch, bytes: bytes.subarray(0, bytes.length - MARKER_BYTES) }
}

/** struct nlmsghdr and struct nfgenmsg */
const MARKER_BYTES = 16 + 4

/** An attribute's length has 16 bits. An element takes at most 220 bytes (an owner with its comment), a range two of 48. */
const MOST_ELEMENTS = 250

function split<T extends Operation>(operation: T): T[] {
  if (operation.do !== 'add-elements' || operation.elements.length <= MOST_ELEMENTS) return [operation]
  const parts: T[] = []
  for (let at = 0; at < operation.elements.length; at += MOST_ELEMENTS)
    parts.push({ ...operation, elements: operation.elements.slice(at, at + MOST_ELEMENTS) })
  return parts
}

export function encodeElements(transaction: readonly ElementOperation[], firstSequence = 0): Batch {
  return encodeBatch(transaction, firstSequence, elementMessage)
}

export function elementMessage(operation: ElementOperation): MessageBody {
  switch (operation.do) {
    case 'add-elements':
      return message(MESSAGES.newSetElement, FLAGS.create, (writer) =>
        writeElements(writer, operation.set, operation.elements),
      )
    case 'delete-element':
      return message(MESSAGES.deleteSetElement, 0, (writer) =>
        writeKeyAlone(writer, operation.set, operation.key),
      )
    default:
      return operation satisfies never
  }
}
