import { CniError, toCniError } from '../cni/error'
import { fileRefusal } from '../system/plain-words'

/** An error in one line, for a log: the failure, and what a tool said about it. */
export function errorText(error: unknown): string {
  const { message, details } = toOperatorError(error)
  return details ? `${message}: ${details}` : message
}

/** Makes an error for an operator. A file that the system refuses is no defect of ours. */
export function toOperatorError(error: unknown): CniError {
  const refusal = fileRefusal(error)
  return refusal === undefined ? toCniError(error) : new CniError('ioFailure', refusal)
}
