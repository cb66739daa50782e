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

/** Where an operator's own software is, and where man and the shells look too. */
const PREFIX = '/usr/local'

/** A line for each file. */
export interface Placed {
  readonly done: readonly string[]
  /** What is not as we wrote it or cannot be removed, with the reason. */
  readonly leftAlone: readonly string[]
}

interface Document {
  readonly path: string
  readonly render: (rows: readonly CommandRow[]) => string
}

/** The man page and the completions, also in place of those of another version. Directories that are missing are made. */
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
 * Removes those that are as we wrote them; the directories stay, because others use them. One that cannot be removed keeps
 * nobody from removing the rest.
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

/** Who wrote what has this name. Only a regular file is read. */
function look(directory: Directory, name: string) {
  const status = statusOfEntry(directory.at(name))
  if (status === undefined) return { whose: 'nobody' } as const
  if (status.kind !== 'file') return { whose: 'of others' } as const
  const text = withFile({ directory, name, authors: [], openTo: undefined }, readByteText)
  return { whose: whoseIs(fromByteText(text)), text: fromByteText(text) }
}

/** With the mode that everybody may read, whatever the umask. */
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
