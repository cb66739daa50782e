import { close, openToRead, readAt, statusIfThere, statusOfEntry, statusOfOpen } from '#system/files'
import { decode } from '#system/text'
import { isMissing } from '../system/errors'
import { once } from '../system/once'
import { type CachedConfig, type CacheEntry, parseBehind, parseCacheFile } from './cache-file'
import { type NamedAttachment, readHead } from './cache-head'
import { type CachePlace, type FileSelection, filesIn, placesIn } from './cache-places'
import { readText } from './small-file'
import { mayHideAttachment } from './unreadable-file'

/**
 * libcni's result caches: one file for each attachment, `results/<network>-<containerID>-<ifname>`, written after the
 * whole chain's ADD and removed after the whole chain's DEL (libcni/api.go, `cacheAdd`). They outlive a reboot.
 */
export interface CachedAttachment extends CacheEntry, CachedName {
  /** The file's name for people, without its directory if that is `results` of the only cache directory. */
  readonly file: string
  /** The runtime that keeps this cache. */
  readonly runtime: string
  readonly attachment: CacheEntry['attachment']
}

/** The part that we still need of an entry whose network namespace is gone. */
export interface CachedName {
  readonly path: string
  readonly attachment: NamedAttachment
  /** Recorded from libcni 1.2 on. */
  readonly netns?: string | undefined
  /** When the file was written, in milliseconds of the epoch. */
  readonly modified: number
}

export interface ResultCache {
  /** The directories that were looked at. */
  readonly cacheDirs: readonly string[]
  /** Whether any of them has a cache. */
  readonly exists: boolean
  /** Directories without a cache, if another one has one: a typing error, or a runtime that has not started yet. */
  readonly absent: readonly string[]
  readonly places: readonly CachePlace[]
  readonly attachments: readonly CachedAttachment[]
  /** Entries that `isGone` rejects. There may be tens of thousands, so only their names are kept. */
  readonly gone: readonly CachedName[]
  /** Files that could not be read. Whichever attachments they describe, nothing must be removed because of them. */
  readonly unreadable: readonly string[]
  /** One of these files may describe a pod of this boot. */
  readonly hidesAttachment: boolean
  /** How many files were not read because the time was over. */
  readonly unread: number
}

/** Selects the entries that are read. */
export interface CacheSelection extends FileSelection {
  /** Returns true when no more entries should be read. */
  readonly isLate?: () => boolean
  /** Whether a namespace is gone. Only the attachment's name is kept then. */
  readonly isGone?: (netns: string) => boolean
}

/** Reads `results` in each directory and in each of its subdirectories, because every runtime has its own. */
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
    // One directory may be below another one that was named.
    .filter(({ directory }) => !known.has(directory) && known.add(directory))
  const absent = found.flatMap(({ directory, places: { length } }) => (length === 0 ? [directory] : []))
  const configs = new Map<string, CachedConfig>()
  const listed = places.map((place) => filesIn(place, selection))
  let unread = listed.reduce((sum, names) => sum + names.length, 0)
  const skip = (file: string, path: string) => {
    unreadable.push(file)
    hidesAttachment ||= mayHideAttachment(path)
  }
  for (const [i, place] of places.entries()) {
    const reading = { place, configs, isGone: selection.isGone }
    for (const name of listed[i] ?? []) {
      if (selection.isLate?.()) break
      unread--
      // join() gives the same, but takes as long as everything else here.
      const path = `${place.directory}/${name}`
      const file = place.isUsual ? name : path
      try {
        const entry = readEntry(path, file, reading)
        if (!entry) skip(file, path)
        else if ('result' in entry) attachments.push(entry)
        else gone.push(entry)
      } catch (error) {
        // The file was removed since it was listed, because a DEL ended. A link that leads nowhere still exists.
        if (!isMissing(error) || statusOfEntry(path) !== undefined) skip(file, path)
      }
    }
  }
  const exists = places.length > 0
  const entries = { attachments, gone, unreadable, hidesAttachment, unread }
  return { cacheDirs, exists, absent: exists ? absent : [], places, ...entries }
}

/** An entry's head fits in it, and nearly always the whole entry: a file that does not fill it was read completely. */
const ROOM = 4096

const room = once(() => new Uint8Array(ROOM))

/** What the files of one place are read with. */
interface Reading {
  readonly place: CachePlace
  readonly configs: Map<string, CachedConfig>
  readonly isGone: CacheSelection['isGone']
}

/** Reads an entry. If its namespace is gone, it parses only the head, because there may be tens of thousands of these. */
function readEntry(
  path: string,
  file: string,
  { place, configs, isGone }: Reading,
): CachedAttachment | CachedName | undefined {
  const descriptor = openToRead(path)
  try {
    const length = readAt(descriptor, room(), 0)
    const text = decode(room().subarray(0, length))
    const head = readHead(text)
    if (head && isGone?.(head.netns)) {
      const { containerID, netns, common } = head
      return nameOf(path, { containerID, ifname: common.ifname, network: common.network }, netns)
    }
    const { modifiedMs: modified } = statusOfOpen(descriptor)
    const known = head && length < ROOM ? parseBehind(head, text, configs) : undefined
    const entry = known ?? parseCacheFile(readText(descriptor), configs)
    if (!entry) return undefined
    const { attachment, netns, config, result, capabilityArgs } = entry
    if (!known && netns !== undefined && netns !== head?.netns && isGone?.(netns))
      return nameOf(path, attachment, netns)
    // Field by field: a spread takes several times as long.
    const { runtime } = place
    return { path, file, runtime, modified, attachment, netns, config, result, capabilityArgs }
  } finally {
    close(descriptor)
  }
}

function nameOf(path: string, attachment: NamedAttachment, netns: string): CachedName {
  return {
    path,
    attachment,
    netns,
    /** This is nearly never needed. */
    get modified() {
      return statusIfThere(path)?.modifiedMs ?? 0
    },
  }
}
