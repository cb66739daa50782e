import { CniError } from '../cni/error'

/** This backend cannot be used on this machine: no tool that can be started, or a kernel that knows nothing of it. */
export class UnusableError extends CniError {
  constructor(message: string, details: string) {
    super('ioFailure', message, details)
  }
}

/** The tool is there, and refuses: because it is too old, say, or we may not. */
export class RefusedError extends CniError {
  constructor(message: string, details: string) {
    super('toolRefused', message, details)
  }
}

/** It refuses because we lack a capability: what is there, nobody could see. */
export class DeniedError extends RefusedError {}

/** Either way there are no rules of ours, as far as this backend can tell. */
export function doesNotWork(error: unknown): error is CniError {
  return error instanceof UnusableError || error instanceof RefusedError
}

/** What `work` gives, or undefined where the backend does not work. */
export async function unlessUnusable<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (doesNotWork(error)) return undefined
    throw error
  }
}
