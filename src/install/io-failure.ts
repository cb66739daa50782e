import { CniError } from '../cni/error'

/**
 * Turns what the system refuses (a full disk, a read-only directory) into an error that names the file and the reason. It
 * is no defect of ours.
 */
export async function withIoFailures<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Error && 'syscall' in error && 'code' in error) {
      const path = 'path' in error ? ` ${String(error.path)}` : ''
      throw new CniError('ioFailure', `Cannot ${String(error.syscall)}${path}: ${error.message}`)
    }
    throw error
  }
}
