import type { Transaction } from '../transaction'
import { type Batch, elementMessage, encodeBatch } from './encode-batch'
import { objectMessage } from './encode-objects'

export function encodeTransaction(transaction: Transaction, firstSequence = 0): Batch {
  return encodeBatch(transaction, firstSequence, (operation, id) =>
    operation.do === 'add-elements' || operation.do === 'delete-element'
      ? elementMessage(operation)
      : objectMessage(operation, id),
  )
}
