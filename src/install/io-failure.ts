import { CniError } from '../cni/error'

/** What the system refuses (a full disk, a read-only directory) is no defect of ours: it names the file and the reason. */
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
