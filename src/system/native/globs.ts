import picomatch from 'picomatch/posix'
import type { FileStatus } from '../files'
import { entriesIn, statusIfThere } from './files'

export async function expandGlob(pattern: string): Promise<string[]> {
  const fits = picomatch(pattern)
  const { base, glob } = picomatch.scan(pattern)
  const found: string[] = []
  // `**` matches any number of directories.
  const depth = glob.includes('**') ? Number.POSITIVE_INFINITY : glob.split('/').length
  walk({ directory: base === '/' ? '' : base, depth, above: [] }, (path) => {
    if (fits(path)) found.push(path)
  })
  return found
}

interface Walk {
  readonly directory: string
  readonly depth: number
  /** The directories on the way here. */
  readonly above: readonly FileStatus[]
}

/** Follows links, but not to a directory that is on the way here. What cannot be read has no files that we could read. */
function walk({ directory, depth, above }: Walk, visit: (path: string) => void): void {
  const here = depth > 0 ? quietly(() => statusIfThere(directory === '' ? '/' : directory)) : undefined
  if (!here || above.some(({ device, inode }) => device === here.device && inode === here.inode)) return
  for (const { name, kind } of quietly(() => entriesIn(directory === '' ? '/' : directory)) ?? []) {
    const path = `${directory}/${name}`
    const found = kind === 'link' ? quietly(() => statusIfThere(path))?.kind : kind
    if (found === 'directory') walk({ directory: path, depth: depth - 1, above: [...above, here] }, visit)
    else if (found !== undefined) visit(path)
  }
}

function quietly<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}
