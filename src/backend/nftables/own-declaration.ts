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
 * the expression (masquerade, on kernels built without it).
 */
export function isOwnDeclaration(operation: Operation | undefined, [first]: Transaction): boolean {
  return first?.do === 'add-table' && operation !== undefined && DECLARATIONS.includes(operation.do)
}
