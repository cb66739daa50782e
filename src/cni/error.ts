import { printable, printableText } from './printable'

/**
 * The codes that we answer with. 1 to 11 are from the CNI spec ("Error" in SPEC.md), 50 and 51 are its STATUS codes, and
 * those from 100 on are a plugin's own. Code 3 is never used: it would tell the runtime that there is nothing to clean
 * up.
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

/** The only error that leaves the plugin. `details` holds what a tool printed, or lists. */
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

/** Makes a CniError. Anything else is a defect of ours, and a report needs the stack. */
export function toCniError(error: unknown): CniError {
  if (error instanceof CniError) return error
  const stack = error instanceof Error ? error.stack : undefined
  return new CniError('bug', `Cannot go on because of a defect in ip-masq: ${error}`, stack ?? '')
}

/** Quotes a value for an error message: JSON, cut to a line's length, and safe for a terminal. */
export function quote(value: unknown): string {
  const text = printable(toJson(value))
  return text.length > 120 ? `${text.slice(0, 117)}...` : text
}

/** JSON.parse accepts nesting that may be too deep to print. */
function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'undefined'
  } catch {
    return '(nested too deeply to print)'
  }
}
