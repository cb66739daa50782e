import { CniError } from '../cni/error'
import { fileRefusal } from '../system/plain-words'

/**
 * Turns what the system refuses (a full disk, a read-only directory) into an error that names the file and the reason. It
 * is no defect of ours.
 */
export async function withIoFailures<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const refusal = fileRefusal(error)
    throw refusal === undefined ? error : new CniError('ioFailure', refusal)
  }
}
