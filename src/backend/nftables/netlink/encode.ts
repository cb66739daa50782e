import type { Family } from '../../../policy/address'
import { TABLE_NAME } from '../layout'
import type { Operation, Transaction } from '../transaction'
import { WIRE_FAMILIES } from './addresses'
import { type Batch, elementMessage, encodeBatch, type MessageBody, message } from './encode-batch'
import { writeExpression } from './expressions'
import {
  CHAIN,
  ELEMENTS,
  HOOK,
  MESSAGES,
  POSTROUTING,
  RULE,
  SET,
  SET_FLAGS,
  SET_USERDATA,
  TABLE,
  TYPES,
} from './protocol'
import { expressionsOf } from './rules'
import { FLAGS } from './wire'
import type { Writer } from './writer'

/** Encodes any transaction: the table, its maps, sets, chains and rules, and elements. */
export function encodeTransaction(transaction: Transaction, firstSequence = 0): Batch {
  return encodeBatch(transaction, firstSequence, (operation, id) =>
    operation.do === 'add-elements' || operation.do === 'delete-element'
      ? elementMessage(operation)
      : objectMessage(operation, id),
  )
}

type ObjectOperation = Exclude<Operation, { do: 'add-elements' | 'delete-element' }>

/** `id` identifies a set that is made: any number that no other object in the batch has. */
function objectMessage(operation: ObjectOperation, id: number): MessageBody {
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
        writeSet(writer, operation, SET_FLAGS.map | (operation.hasTimeout ? SET_FLAGS.timeout : 0))
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
        // nft writes them in this order: the set first.
        writer.text(ELEMENTS.set, operation.name)
        writer.text(ELEMENTS.table, TABLE_NAME)
      })
    case 'delete-set':
    case 'delete-map':
      return message(MESSAGES.deleteSet, 0, (writer) => writeName(writer, SET, operation.name))
    case 'add-rule':
      return message(MESSAGES.newRule, FLAGS.create | FLAGS.append, (writer) => {
        writer.text(RULE.table, TABLE_NAME)
        writer.text(RULE.chain, operation.chain)
        writer.nest(RULE.expressions, () => {
          for (const expression of expressionsOf(operation.rule)) writeExpression(writer, expression)
        })
      })
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
