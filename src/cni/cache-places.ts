import { namesIn as listNames, statusOfEntry } from '#system/files'
import { isMissing } from '../system/errors'
import { basename, join } from '../system/paths'
import { inPlainWords } from '../system/plain-words'
import { CniError } from './error'

/** The directories in which runtimes keep libcni's result caches. */

/** A directory that was read, and the runtime that keeps its results there. */
export interface CachePlace {
  readonly directory: string
  readonly runtime: string
}

/** Selects files by their names. */
export interface FileSelection {
  /** Reads only the files of one network. */
  readonly network?: string
  /** The end of the files' names: `-CONTAINERID-IFNAME` for one attachment. */
  readonly suffix?: string
}

/** The directories below a cache directory (`/var/lib/cni`), and the runtime that keeps its results in each. */
const RUNTIMES: Readonly<Record<string, string>> = { multus: 'Multus', cache: 'cri-dockerd' }

export interface Place extends CachePlace {
  readonly isUsual: boolean
  readonly files: readonly string[]
}

/** `results` of a cache directory and of each directory in it, with the names of their files. */
export function placesIn(cacheDir: string, { isOnly }: { readonly isOnly: boolean }): Place[] {
  const runtime = RUNTIMES[basename(cacheDir)] ?? 'containerd or CRI-O'
  const own = { directory: join(cacheDir, 'results'), runtime, isUsual: isOnly }
  const others = (namesIn(cacheDir) ?? [])
    .filter((name) => name !== 'results')
    .map((name) => {
      const directory = join(cacheDir, name, 'results')
      return { directory, runtime: RUNTIMES[name] ?? directory, isUsual: false }
    })
  return [own, ...others].flatMap((place) => {
    const files = namesIn(place.directory)
    return files ? [{ ...place, files }] : []
  })
}

/** Undefined where there is no such directory. A directory that may not be read is an error: it may have anything. */
function namesIn(directory: string): string[] | undefined {
  try {
    return listNames(directory).sort()
  } catch (error) {
    // Something that is no directory, or a link that leads to none, is at the path.
    if (isMissing(error) && statusOfEntry(directory) === undefined) return undefined
    throw new CniError('ioFailure', `Cannot read the result cache ${directory}: ${inPlainWords(error)}`)
  }
}

export function filesIn({ files }: Place, { network, suffix = '' }: FileSelection): readonly string[] {
  if (network === undefined && suffix === '') return files
  const prefix = network === undefined ? '' : `${network}-`
  return files.filter((name) => name.startsWith(prefix) && name.endsWith(suffix))
}

/** The text is worded to follow "Cannot ...: ". */
export function noCache(cacheDirs: readonly string[]): string {
  return `there is no result cache ${cacheDirs.map((directory) => join(directory, 'results')).join(', ')}`
}
