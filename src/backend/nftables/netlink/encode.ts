import type { Family } from '../../../policy/address'
import { TABLE_NAME } from '../render'
import type { Operation, Transaction } from '../transaction'
import { writeElements, writeKeyAlone } from './encode-elements'
import { writeExpression } from './expressions'
import {
  CHAIN,
  ELEMENTS,
  HOOK,
  INET,
  MESSAGES,
  POSTROUTING,
  RULE,
  SET,
  SET_FLAGS,
  SET_USERDATA,
  TABLE,
  TYPES,
} from './protocol'
import { expressionsOf, WIRE_FAMILIES } from './rules'
import { BATCH, FLAGS, NFTABLES } from './wire'
import { createWriter, type Writer } from './writer'

/** A transaction as the kernel takes it. */
export interface Batch {
  readonly bytes: Uint8Array
  /** Of the messages by sequence number: an error names that. */
  readonly operations: ReadonlyMap<number, Operation>
  /** The operation that asks for an acknowledgement. */
  readonly last: number
}

/**
 * Between two markers, all of it or none. The last operation asks for an acknowledgement: errors come anyhow, and where
 * nothing comes the kernel has not answered.
 */
export function encodeTransaction(transaction: Transaction, firstSequence = 0): Batch {
  const writer = createWriter()
  const operations = new Map<number, Operation>()
  let sequence = firstSequence
  const marker = (type: number) =>
    writer.message({ type, flags: FLAGS.request, sequence: sequence++, family: 0, resource: NFTABLES })
  marker(BATCH.begin)
  const parts = transaction.flatMap((operation) => split(operation).map((part) => ({ operation, part })))
  for (const [i, { operation, part }] of parts.entries()) {
    const { type, flags, write } = messageOf(part, sequence)
    operations.set(sequence, operation)
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

/** An attribute's length has 16 bits; an element takes at most 220 bytes (an owner with its comment), a range two of 48. */
const MOST_ELEMENTS = 250

function split(operation: Operation): Operation[] {
  if (operation.do !== 'add-elements' || operation.elements.length <= MOST_ELEMENTS) return [operation]
  const parts: Operation[] = []
  for (let at = 0; at < operation.elements.length; at += MOST_ELEMENTS)
    parts.push({ ...operation, elements: operation.elements.slice(at, at + MOST_ELEMENTS) })
  return parts
}

interface MessageBody {
  readonly type: number
  readonly flags: number
  readonly write: (writer: Writer) => void
}

/** `id`: of a set that is made, any number that no other in the batch has. */
function messageOf(operation: Operation, id: number): MessageBody {
  const message = (type: number, flags: number, write: (writer: Writer) => void) => ({ type, flags, write })
  switch (operation.do) {
    case 'add-table':
      return message(MESSAGES.newTable, FLAGS.create, (writer) => {
        writer.text(TABLE.name, TABLE_NAME)
        writer.u32(TABLE.flags, 0)
      })
    case 'delete-table':
      return message(MESSAGES.deleteTable, 0, (writer) => writer.text(TABLE.name, TABLE_NAME))
    case 'add-map':
      return message(MESSAGES.newSet, FLAGS.create, (writer) => {
        writeSet(writer, operation, SET_FLAGS.map)
        const { value } = operation
        writer.u32(SET.dataType, TYPES[value])
        writer.u32(SET.dataLength, value === 'verdict' ? 0 : WIRE_FAMILIES[value].bytes)
        writer.u32(SET.id, id)
        writer.raw(SET.userdata, value === 'verdict' ? SET_USERDATA.verdictMap : SET_USERDATA.map)
      })
    case 'add-set':
      return message(MESSAGES.newSet, FLAGS.create, (writer) => {
        writeSet(writer, operation, SET_FLAGS.interval)
        writer.u32(SET.id, id)
        writer.raw(SET.userdata, SET_USERDATA.set)
      })
    case 'add-base-chain':
      return message(MESSAGES.newChain, FLAGS.create, (writer) => {
        writeName(writer, CHAIN, operation.name)
        writer.text(CHAIN.type, 'nat')
        writer.u32(CHAIN.policy, POSTROUTING.accept)
        writer.nest(CHAIN.hook, () => {
          writer.u32(HOOK.number, POSTROUTING.hook)
          writer.u32(HOOK.priority, POSTROUTING.priority)
        })
      })
    case 'add-chain':
      return message(MESSAGES.newChain, FLAGS.create, (writer) => writeName(writer, CHAIN, operation.name))
    case 'delete-chain':
      return message(MESSAGES.deleteChain, 0, (writer) => writeName(writer, CHAIN, operation.name))
    case 'flush-chain':
      return message(MESSAGES.deleteRule, 0, (writer) => {
        writer.text(RULE.table, TABLE_NAME)
        writer.text(RULE.chain, operation.name)
      })
    case 'flush-set':
      return message(MESSAGES.deleteSetElement, 0, (writer) => {
        // As nft says it: the set first.
        writer.text(ELEMENTS.set, operation.name)
        writer.text(ELEMENTS.table, TABLE_NAME)
      })
    case 'delete-set':
      return message(MESSAGES.deleteSet, 0, (writer) => writeName(writer, SET, operation.name))
    case 'add-rule':
      return message(MESSAGES.newRule, FLAGS.create | FLAGS.append, (writer) => {
        writer.text(RULE.table, TABLE_NAME)
        writer.text(RULE.chain, operation.chain)
        writer.nest(RULE.expressions, () => {
          for (const expression of expressionsOf(operation.rule)) writeExpression(writer, expression)
        })
      })
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

function writeName(writer: Writer, { table, name: type }: { table: number; name: number }, name: string) {
  writer.text(table, TABLE_NAME)
  writer.text(type, name)
}

function writeSet(writer: Writer, { name, key }: { name: string; key: Family }, flags: number): void {
  writeName(writer, SET, name)
  writer.u32(SET.flags, flags)
  writer.u32(SET.keyType, TYPES[key])
  writer.u32(SET.keyLength, WIRE_FAMILIES[key].bytes)
}
