import { statusOfEntry } from '#system/files'
import { errorCode } from '../system/errors'
import type { FileStatus } from '../system/files'
import { atPlace } from './directory'

/**
 * Checks a file or a socket that only root can have put there: root owns it, each directory and each link on the way, and
 * nobody else may write to any of them. `foreign`: it is something else, or we cannot look at it.
 */
export function rootsOwn(path: string, kind: 'file' | 'socket'): FileStatus | 'absent' | 'foreign' {
  try {
    return atPlace(path, ({ directory, name, openTo }) => {
      const status = statusOfEntry(directory.at(name))
      if (!status) return 'absent'
      // Whoever may write to a socket can only talk to its owner.
      const isRoots = status.uid === 0 && (kind === 'socket' || (status.mode & 0o022) === 0)
      return openTo === undefined && status.kind === kind && isRoots ? status : 'foreign'
    })
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? 'absent' : 'foreign'
  }
}
