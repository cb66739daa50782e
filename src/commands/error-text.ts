import { toCniError } from '../cni/error'

/** An error in one line, for a log: what failed, and what a tool said of it. */
export function errorText(error: unknown): string {
  const { message, details } = toCniError(error)
  return details ? `${message}: ${details}` : message
}
