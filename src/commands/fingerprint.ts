import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Names, sizes, times and inodes of all that may define a network: created, modified and renamed over all show. */
export function fingerprint(directory: string, depth = 1): string {
  return attempt(() => readdirSync(directory))
    .map((name) => {
      const path = join(directory, name)
      const isDirectory = attempt(() => [statSync(path)])[0]?.isDirectory()
      if (!isDirectory) return `${name} ${fingerprintOf(path)}`
      return depth > 0 ? `${name}/ ${fingerprint(path, depth - 1)}` : ''
    })
    .join('\n')
}

export function fingerprintOf(path: string): string {
  const [status] = attempt(() => [statSync(path)])
  return status ? `${status.ino} ${status.size} ${status.mtimeMs}` : '?'
}

/** What cannot be read now may be there at the next look; one entry must not hide the others. */
function attempt<T>(read: () => T[]): T[] {
  try {
    return read()
  } catch {
    return []
  }
}
