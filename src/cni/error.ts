import { printable, printableText } from './printable'

/**
 * The codes we answer with. 1 to 11 are the CNI spec's ("Error" in SPEC.md), 50 and 51 its STATUS codes, from
 * 100 on a plugin's own. Code 3 is never used: it tells the runtime that there is nothing to clean up.
 */
export const CODES = {
  incompatibleVersion: 1,
  unsupportedKey: 2,
  invalidEnvironment: 4,
  ioFailure: 5,
  notJson: 6,
  invalidConfig: 7,
  tryAgain: 11,
  notAvailable: 50,
  limitedConnectivity: 51,
  toolRefused: 100,
  drift: 101,
  bug: 999,
} as const

export type Reason = keyof typeof CODES

/** The one error that leaves the plugin. `details` is for what a tool said, or for lists. */
export class CniError extends Error {
  constructor(
    readonly reason: Reason,
    message: string,
    readonly details = '',
  ) {
    super(message)
  }
}

/** The error result of the spec: one JSON object on stdout. Its texts end in logs and terminals. */
export function renderError(error: CniError, cniVersion: string): string {
  const { message, details, reason } = error
  const msg = printable(message)
  return JSON.stringify({
    cniVersion,
    code: CODES[reason],
    msg,
    ...(details && { details: printableText(details) }),
  })
}

/** Anything that is no CniError is a defect of ours; the stack is what a report needs. */
export function toCniError(error: unknown): CniError {
  if (error instanceof CniError) return error
  const stack = error instanceof Error ? error.stack : undefined
  return new CniError('bug', `Cannot go on because of a defect in ip-masq: ${error}`, stack ?? '')
}

/** A value as an error message quotes it: JSON, cut to a line's length, and fit for a terminal. */
export function quote(value: unknown): string {
  const text = printable(toJson(value))
  return text.length > 120 ? `${text.slice(0, 117)}...` : text
}

/** Nesting that JSON.parse takes may be too deep to print. */
function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'undefined'
  } catch {
    return '(nested too deep to print)'
  }
}
