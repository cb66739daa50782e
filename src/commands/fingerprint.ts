import { namesIn, status } from '#system/files'
import { join } from '../system/paths'

/**
 * Returns the names, sizes, times and inodes of all files that may define a network. It changes if a file is created,
 * modified or replaced.
 */
export function fingerprint(directory: string, depth = 1): string {
  return attempt(() => namesIn(directory))
    .map((name) => {
      const path = join(directory, name)
      const isDirectory = attempt(() => [status(path)])[0]?.kind === 'directory'
      if (!isDirectory) return `${name} ${fingerprintOf(path)}`
      return depth > 0 ? `${name}/ ${fingerprint(path, depth - 1)}` : ''
    })
    .join('\n')
}

export function fingerprintOf(path: string): string {
  const [found] = attempt(() => [status(path)])
  return found ? `${found.inode} ${found.size} ${found.modifiedMs}` : '?'
}

/** An entry that cannot be read now may be readable at the next look. It must not hide the others. */
function attempt<T>(read: () => T[]): T[] {
  try {
    return read()
  } catch {
    return []
  }
}
