import { statSync } from 'node:fs'

/**
 * Whether the kernel says that nothing is there. No other error means that: what cannot be looked at (EACCES, EPERM, EIO,
 * ELOOP) may well exist, and whoever takes it for absent removes the rules of a pod that runs.
 */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}

/** Whether nothing has this path. */
export function isAbsent(path: string): boolean {
  try {
    // Without an error for the frequent answer, which takes as long as the call itself.
    return statSync(path, { throwIfNoEntry: false }) === undefined
  } catch (error) {
    return isMissing(error)
  }
}
