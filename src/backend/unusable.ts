import { CniError } from '../cni/error'

/** This backend cannot be used on this machine: no tool that can be started, or a kernel that knows nothing of it. */
export class UnusableError extends CniError {
  constructor(message: string, details: string) {
    super('ioFailure', message, details)
  }
}

/** Or a tool that refuses even what every ADD needs, because it is too old: there are no rules of ours then. */
export function doesNotWork(error: unknown): error is CniError {
  return error instanceof UnusableError || (error instanceof CniError && error.reason === 'toolRefused')
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
