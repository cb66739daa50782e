import { close, makeDirectory, openDirectory, setMode, statusOfEntry } from '#system/files'
import { encode } from '#system/text'
import { type Directory, inDirectory } from '../../install/directory'
import { placeFile, ROOT, removeFile } from '../../install/place-file'
import { fromByteText, readByteText, withFile } from '../../install/read-file'
import { isAbsent } from '../../system/absent'
import { basename, dirname, join } from '../../system/paths'
import { inPlainWords } from '../../system/plain-words'
import type { CommandRow } from '../table/command'
import { DOCUMENTS } from '.'
import { whoseIs } from './signature'

/** The directory for an operator's own software. man and the shells look there too. */
const PREFIX = '/usr/local'

/** One line for each file. */
export interface Placed {
  readonly done: readonly string[]
  /** Files that are not as we wrote them or cannot be removed, with the reason. */
  readonly leftAlone: readonly string[]
}

interface Document {
  readonly path: string
  readonly render: (rows: readonly CommandRow[]) => string
}

/** Writes the man page and the completions, also over those of another version. It makes missing directories. */
export function placeDocuments(rows: readonly CommandRow[]): Placed {
  return forEach(({ path, render }) => {
    makeDirectories(dirname(path))
    return inDirectory(dirname(path), (directory) => {
      const name = basename(path)
      const text = render(rows)
      const there = look(directory, name)
      if (there.text === text) return {}
      if (there.whose !== 'nobody' && there.whose !== 'ours') {
        return { leftAlone: `${path} is ${SAID[there.whose]}; remove it, and run this again` }
      }
      const place = { directory, name, authors: [], openTo: undefined }
      placeFile(place, { content: { bytes: encode(text) }, mode: 0o644, owner: ROOT })
      return { done: `wrote ${path}` }
    })
  })
}

/**
 * Removes the documents that are as we wrote them. The directories stay, because others use them. If one document
 * cannot be removed, the others still are.
 */
export function removeDocuments(): Placed {
  return forEach(({ path }) => {
    try {
      return isAbsent(path) ? {} : inDirectory(dirname(path), (directory) => remove(directory, path))
    } catch (error) {
      return { leftAlone: `${path}: ${inPlainWords(error)}` }
    }
  })
}

function remove(directory: Directory, path: string): Outcome {
  const name = basename(path)
  const { whose } = look(directory, name)
  if (whose === 'edited') return { leftAlone: `${path} is ${SAID.edited}` }
  if (whose !== 'ours') return {}
  removeFile({ directory, name })
  return { done: `removed ${path}` }
}

interface Outcome {
  readonly done?: string
  readonly leftAlone?: string
}

function forEach(work: (document: Document) => Outcome): Placed {
  const all = Object.values(DOCUMENTS).map((one) => work({ ...one, path: join(PREFIX, one.path) }))
  return {
    done: all.flatMap(({ done = [] }) => done),
    leftAlone: all.flatMap(({ leftAlone = [] }) => leftAlone),
  }
}

const SAID = {
  edited: 'ours, and somebody has changed it',
  'of others': 'not a file that ip-masq wrote',
} as const

/** Finds out who wrote the file with this name. Only a regular file is read. */
function look(directory: Directory, name: string) {
  const status = statusOfEntry(directory.at(name))
  if (status === undefined) return { whose: 'nobody' } as const
  if (status.kind !== 'file') return { whose: 'of others' } as const
  const text = withFile({ directory, name, authors: [], openTo: undefined }, readByteText)
  return { whose: whoseIs(fromByteText(text)), text: fromByteText(text) }
}

/** Makes the directories so that everybody may read them, whatever the umask. */
function makeDirectories(path: string): void {
  if (!isAbsent(path)) return
  makeDirectories(dirname(path))
  inDirectory(dirname(path), (parent) => {
    const made = parent.at(basename(path))
    makeDirectory(made, 0o755)
    const descriptor = openDirectory(made)
    setMode(descriptor, 0o755)
    close(descriptor)
  })
}
