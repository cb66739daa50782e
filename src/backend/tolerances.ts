import { CniError } from '../cni/error'

/** The ways in which a backend may not work, and what each allows. */

/** The backend does not exist here: no tool can be started, or the kernel does not support it. */
export class UnusableError extends CniError {
  constructor(message: string, details: string) {
    super('ioFailure', message, details)
  }
}

/** The tool exists and refuses, for example because it is too old, or because we lack permission. */
export class RefusedError extends CniError {
  constructor(message: string, details: string) {
    super('toolRefused', message, details)
  }
}

/** It refuses because we lack a capability, so nobody could see what is there. */
export class DeniedError extends RefusedError {}

/** The backend is missing or refuses. Either way it has no rules of ours, as far as it can tell. */
export function doesNotWork(error: unknown): error is CniError {
  return error instanceof UnusableError || error instanceof RefusedError
}

/** Returns the result of `work`, or undefined where the backend is missing or refuses. */
export async function ifItWorks<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (doesNotWork(error)) return undefined
    throw error
  }
}

/**
 * Returns the result of `work`, or undefined where the backend is missing. A refusal is an error, because there may be
 * rules.
 */
export async function unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof UnusableError) return undefined
    throw error
  }
}
