import { namesIn as listNames, readAt, statusIfThere, statusOfEntry, statusOfOpen } from '#system/files'
import { isMissing } from '../system/errors'
import { once } from '../system/once'
import { basename, join } from '../system/paths'
import { type CachedConfig, type CacheEntry, parseBehind, parseCacheFile } from './cache-file'
import { type CacheHead, type NamedAttachment, readHead } from './cache-head'
import { CniError } from './error'
import { readText, withFile } from './small-file'
import { mayHideAttachment } from './unreadable-file'

/**
 * libcni's result caches: a file for each attachment, `results/<network>-<containerID>-<ifname>`, written after the whole
 * chain's ADD and removed after the whole chain's DEL (libcni/api.go, `cacheAdd`). They outlive a reboot.
 */
export interface CachedAttachment extends CacheEntry, CachedName {
  /** The name for people, without its directory where that is `results` of the only cache directory. */
  readonly file: string
  /** Whose cache it is in. */
  readonly runtime: string
  readonly attachment: CacheEntry['attachment']
}

/** What remains to be known of an entry whose network namespace is gone. */
export interface CachedName {
  readonly path: string
  readonly attachment: NamedAttachment
  /** Recorded from libcni 1.2 on. */
  readonly netns?: string
  /** When the file was written, in milliseconds of the epoch. */
  readonly modified: number
}

/** A directory that was read, and who keeps its results there. */
export interface CachePlace {
  readonly directory: string
  readonly runtime: string
}

export interface ResultCache {
  /** Where it was looked for. */
  readonly cacheDirs: readonly string[]
  /** Whether there is one at all. */
  readonly exists: boolean
  /** Where there is none, of directories one of which has one: a typing error, or a runtime that is yet to start. */
  readonly absent: readonly string[]
  readonly places: readonly CachePlace[]
  readonly attachments: readonly CachedAttachment[]
  /** Entries that `isGone` does not want: there may be tens of thousands, so no more than their names is kept. */
  readonly gone: readonly CachedName[]
  /** Files that could not be read: whatever they stand for, nothing must be removed for want of them. */
  readonly unreadable: readonly string[]
  /** One of those may stand for a pod of this boot. */
  readonly hidesAttachment: boolean
  /** How many files were not read, because it was late. */
  readonly unread: number
}

/** Which entries are read. */
export interface CacheSelection {
  /** The files of one network only. */
  readonly network?: string
  /** How the names of the files end: `-CONTAINERID-IFNAME` for one attachment. */
  readonly suffix?: string
  /** No more entries are read once this is so. */
  readonly isLate?: () => boolean
  /** Whether a namespace is gone. Only the name of its attachment is kept then. */
  readonly isGone?: (netns: string) => boolean
}

/** Reads `results` in each directory, and in each of its subdirectories: every runtime has its own. */
export function readResultCache(cacheDirs: readonly string[], selection: CacheSelection = {}): ResultCache {
  const attachments: CachedAttachment[] = []
  const gone: CachedName[] = []
  const unreadable: string[] = []
  let hidesAttachment = false
  const isOnly = cacheDirs.length === 1
  const found = cacheDirs.map((directory) => ({ directory, places: placesIn(directory, { isOnly }) }))
  const known = new Set<string>()
  const places = found
    .flatMap((one) => one.places)
    // One directory may be below another that was named.
    .filter(({ directory }) => !known.has(directory) && known.add(directory))
  const absent = found.flatMap(({ directory, places: { length } }) => (length === 0 ? [directory] : []))
  const configs = new Map<string, CachedConfig>()
  const files = places.flatMap((place) => filesIn(place, selection))
  let unread = files.length
  const skip = (file: string, path: string) => {
    unreadable.push(file)
    hidesAttachment ||= mayHideAttachment(path)
  }
  for (const { place, name } of files) {
    if (selection.isLate?.()) break
    unread--
    // This is what join() gives, which takes as long as the rest.
    const path = `${place.directory}/${name}`
    const file = place.isUsual ? name : path
    try {
      const entry = readEntry(path, configs, selection.isGone)
      if (!entry) skip(file, path)
      else if (entry.isGone) gone.push(entry.name)
      else attachments.push({ ...entry.entry, file, path, modified: entry.modified, runtime: place.runtime })
    } catch (error) {
      // Removed since it was listed: a DEL came to its end. A link that leads nowhere is there still.
      if (!isMissing(error) || statusOfEntry(path) !== undefined) skip(file, path)
    }
  }
  const exists = places.length > 0
  const entries = { attachments, gone, unreadable, hidesAttachment, unread }
  return { cacheDirs, exists, absent: exists ? absent : [], places, ...entries }
}

type Read =
  | { readonly isGone: true; readonly name: CachedName }
  | { readonly isGone: false; readonly entry: CacheEntry; readonly modified: number }

/** An entry's head is in it, and nearly always all of it: a file that does not fill it was read whole. */
const ROOM = 4096

const room = once(() => new Uint8Array(ROOM))

/** Looks at the head alone of a file whose namespace is gone, because there may be tens of thousands. */
function readEntry(
  path: string,
  configs: Map<string, CachedConfig>,
  isGone: CacheSelection['isGone'],
): Read | undefined {
  return withFile(path, (file): Read | undefined => {
    const length = isGone ? readAt(file, room(), 0) : 0
    const head = isGone && readHead(room(), length)
    if (head && isGone(head.netns)) return { isGone: true, name: nameOf(path, head) }
    const { modifiedMs: modified } = statusOfOpen(file)
    const known = head && length < ROOM && parseBehind(head, room().subarray(0, length), configs)
    if (known) return { isGone: false, entry: known, modified }
    const entry = parseCacheFile(readText(file), configs)
    if (!entry) return undefined
    const { netns, attachment } = entry
    const isKept = netns === undefined || netns === head?.netns || !isGone?.(netns)
    if (isKept) return { isGone: false, entry, modified }
    return { isGone: true, name: nameOf(path, { attachment, netns }) }
  })
}

function nameOf(path: string, { attachment, netns }: Pick<CacheHead, 'attachment' | 'netns'>): CachedName {
  return {
    path,
    attachment,
    netns,
    /** Nearly never asked for. */
    get modified() {
      return statusIfThere(path)?.modifiedMs ?? 0
    },
  }
}

/** Fit to follow "Cannot ...: ". */
export function noCache(cacheDirs: readonly string[]): string {
  return `there is no result cache ${cacheDirs.map((directory) => join(directory, 'results')).join(', ')}`
}

/** Below a cache directory (`/var/lib/cni`), by the runtime that has its results there. */
const RUNTIMES: Readonly<Record<string, string>> = { multus: 'Multus', cache: 'cri-dockerd' }

interface Place extends CachePlace {
  readonly isUsual: boolean
  readonly files: readonly string[]
}

function placesIn(cacheDir: string, { isOnly }: { readonly isOnly: boolean }): Place[] {
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

/** Undefined where there is no such directory. One that may not be read is an error: it may have anything. */
function namesIn(directory: string): string[] | undefined {
  try {
    return listNames(directory).sort()
  } catch (error) {
    // Something that is no directory, or leads to none, is in the place of one.
    if (isMissing(error) && statusOfEntry(directory) === undefined) return undefined
    throw new CniError('ioFailure', `Cannot read the result cache ${directory}`, String(error))
  }
}

function filesIn(place: Place, { network, suffix = '' }: CacheSelection) {
  const prefix = network === undefined ? '' : `${network}-`
  return place.files
    .filter((name) => name.startsWith(prefix) && name.endsWith(suffix))
    .map((name) => ({ place, name }))
}
