import { CniError } from '../cni/error'

/** What it means that a backend does not work, and what may be made of that. */

/** There is no such backend here: no tool that can be started, or a kernel that knows nothing of it. */
export class UnusableError extends CniError {
  constructor(message: string, details: string) {
    super('ioFailure', message, details)
  }
}

/** The tool is there and refuses, because it is too old, say, or because we may not. */
export class RefusedError extends CniError {
  constructor(message: string, details: string) {
    super('toolRefused', message, details)
  }
}

/** It refuses because we lack a capability: nobody could see what is there. */
export class DeniedError extends RefusedError {}

/** The backend is missing or refuses. Either way it has no rules of ours, as far as it can tell. */
export function doesNotWork(error: unknown): error is CniError {
  return error instanceof UnusableError || error instanceof RefusedError
}

/** What `work` gives, or undefined where the backend is missing or refuses. */
export async function ifItWorks<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (doesNotWork(error)) return undefined
    throw error
  }
}

/** What `work` gives, or undefined where the backend is missing. One that refuses is an error: it may have rules. */
export async function unlessMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof UnusableError) return undefined
    throw error
  }
}
