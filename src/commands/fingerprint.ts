import { namesIn, status } from '#system/files'
import { join } from '../system/paths'

/** Names, sizes, times and inodes of all that may define a network: created, modified and renamed over all show. */
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

/** What cannot be read now may be there at the next look; one entry must not hide the others. */
function attempt<T>(read: () => T[]): T[] {
  try {
    return read()
  } catch {
    return []
  }
}
