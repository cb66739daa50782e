import * as node from '../node/proc'
import { encode } from '../node/text'
import { libc } from './libc'
import { readToEnd } from './read'

/** O_RDONLY and O_CLOEXEC of fcntl.h. */
const READ_CLOEXEC = 0x80000

/** The runtime's own way takes longer. */
export function readSystemFile(path: string): string | undefined {
  const native = libc()
  if (!native) return node.readSystemFile(path)
  const descriptor = native.open(encode(`${path}\0`), READ_CLOEXEC)
  if (descriptor < 0) return undefined
  try {
    return readToEnd(native, descriptor)
  } catch {
    return undefined
  } finally {
    native.close(descriptor)
  }
}
