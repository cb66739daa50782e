import type { Operation, Transaction } from './transaction'

const DECLARATIONS: readonly Operation['do'][] = [
  'add-rule',
  'add-base-chain',
  'add-chain',
  'add-map',
  'add-set',
]

/**
 * "No such file or directory", about a rule of a transaction that declares all that its rules name: what is not there is
 * the expression (masquerade, on kernels built without it). `operation` is the first that was refused, so a chain that the
 * transaction declares before it is there, and its table too.
 */
export function isOwnDeclaration(operation: Operation | undefined, transaction: Transaction): boolean {
  if (operation === undefined) return false
  if (transaction[0]?.do === 'add-table') return DECLARATIONS.includes(operation.do)
  return (
    operation.do === 'add-rule' &&
    transaction.some((one) => one.do === 'add-chain' && one.name === operation.chain)
  )
}
