import { close, linkTarget, openDirectory, statusOfEntry, statusOfOpen } from '#system/files'
import { CniError } from '../cni/error'

/**
 * A directory that was opened once. Its entries are named through the descriptor (proc(5)), so that nobody who may write
 * in one of the directories above it can lead us elsewhere between two calls.
 */
export interface Directory {
  /** The real path, for messages. */
  readonly path: string
  readonly descriptor: number
  /** An entry's name in a form that every function of `#system/files` takes. */
  readonly at: (name: string) => string
}

/** The file in a directory that all links on a path lead to. It may not exist, but it was no link when we looked. */
export interface Place {
  readonly directory: Directory
  readonly name: string
  /** Users other than root who could have chosen one of the links that lead here. */
  readonly authors: readonly number[]
  /** The first directory or link on the path that other users than root may change. */
  readonly openTo: string | undefined
}

/** The kernel's own limit (path_resolution(7)). */
const MOST_LINKS = 40

/**
 * Runs `work` with the place that a path names. A file that links of other users lead to must be theirs
 * (`requireAuthors`).
 */
export function atPlace<T>(path: string, work: (place: Place) => T): T {
  const place = locate(path)
  try {
    return work(place)
  } catch (error) {
    throw withPath(error, place.directory)
  } finally {
    close(place.directory.descriptor)
  }
}

/** Runs `work` with a directory. */
export function inDirectory<T>(
  path: string,
  work: (directory: Directory, openTo: string | undefined) => T,
): T {
  return atPlace(path, (place) => {
    const directory = enter(place.directory, place.name)
    try {
      const status = statusOfOpen(directory.descriptor)
      requireAuthors(place, status.uid)
      const openTo = place.openTo ?? (mayOthersWrite(status) ? directory.path : undefined)
      return work(directory, openTo)
    } catch (error) {
      throw withPath(error, directory)
    } finally {
      close(directory.descriptor)
    }
  })
}

/**
 * Throws if a link of another user leads to somebody else's file. Whoever plants a link must not make root read or write
 * a file of somebody else, so a link that another user could have made may lead only to that user's own files.
 */
export function requireAuthors({ directory, name, authors }: Place, owner: number): void {
  const author = authors.find((uid) => uid !== owner)
  if (author === undefined) return
  throw new CniError(
    'ioFailure',
    `Cannot use ${directory.path}/${name}: it belongs to user ${owner}, and a link that user ${author} can change leads to it`,
  )
}

/** Whether others may write. In a sticky directory only its owner and an entry's owner can remove the entry. */
export function mayOthersWrite({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  const isSticky = (mode & 0o1000) !== 0
  return uid !== 0 || ((mode & 0o022) !== 0 && !isSticky)
}

function locate(path: string): Place {
  const authors: number[] = []
  const rest = partsOf(path)
  let directory = openRoot()
  let openTo: string | undefined
  let links = 0
  try {
    for (;;) {
      const name = rest.shift() ?? '.'
      const status = statusOfEntry(directory.at(name))
      if (status?.kind === 'link') {
        links += 1
        if (links > MOST_LINKS)
          throw new CniError('ioFailure', `Cannot use ${path}: it has too many symbolic links`)
        const author = statusOfOpen(directory.descriptor).uid || status.uid
        if (author !== 0) {
          authors.push(author)
          openTo ??= join(directory, name)
        }
        const target = linkTarget(directory.at(name))
        rest.unshift(...partsOf(target))
        if (target.startsWith('/')) directory = replace(directory, openRoot())
        continue
      }
      if (rest.length === 0) return { directory, name, authors, openTo }
      directory = replace(directory, enter(directory, name))
      if (mayOthersWrite(statusOfOpen(directory.descriptor))) openTo ??= directory.path
    }
  } catch (error) {
    close(directory.descriptor)
    throw withPath(error, directory)
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.')
}

function openRoot(): Directory {
  return open('/', '/')
}

/** Opens a directory without following a link, because a link would have come after we looked. */
export function enter(directory: Directory, name: string): Directory {
  return open(directory.at(name), join(directory, name))
}

function open(file: string, path: string): Directory {
  const descriptor = openDirectory(file)
  return { path, descriptor, at: (name) => `/proc/self/fd/${descriptor}/${name}` }
}

function replace(old: Directory, next: Directory): Directory {
  close(old.descriptor)
  return next
}

function join({ path }: Directory, name: string): string {
  if (name === '.') return path
  if (name === '..') return path.slice(0, path.lastIndexOf('/')) || '/'
  return `${path === '/' ? '' : path}/${name}`
}

/** Adds the path to an error. The error names the file by its descriptor, but an operator needs the path. */
export function withPath(error: unknown, { descriptor, path }: Directory): unknown {
  if (!(error instanceof Error)) return error
  const name = (text: string) =>
    text
      .replaceAll(new RegExp(`/proc/self/fd/${descriptor}(?=/)`, 'g'), () => (path === '/' ? '' : path))
      .replaceAll(new RegExp(`/proc/self/fd/${descriptor}(?=$|')`, 'g'), () => path)
  error.message = name(error.message)
  if ('path' in error && typeof error.path === 'string') Object.assign(error, { path: name(error.path) })
  if ('dest' in error && typeof error.dest === 'string') Object.assign(error, { dest: name(error.dest) })
  return error
}
