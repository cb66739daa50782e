import { CniError } from '../cni/error'

/** This backend cannot be used on this machine: no tool that can be started, or a kernel that knows nothing of it. */
export class UnusableError extends CniError {
  constructor(message: string, details: string) {
    super('ioFailure', message, details)
  }
}

/** What `work` gives, or undefined where the backend cannot be used: it has no rules then. */
export async function unlessUnusable<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof UnusableError) return undefined
    throw error
  }
}
