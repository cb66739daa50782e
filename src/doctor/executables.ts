import { close, openToRead, statusIfThere } from '#system/files'
import { readSystemFile } from '#system/proc'
import { executable } from '#system/program'
import { hashOf } from '../install/content'
import { digestIn, EXECUTABLE, RECORD } from '../install/record'
import { runProgram } from '../install/run-program'
import { rootsOwn } from '../install/trusted-file'
import { inPlainWords } from '../system/plain-words'
import { VERSION } from '../system/version'

/** The executable that runtimes start, and others with its name. */

export interface Copy {
  readonly path: string
  /** SHA-256 in hexadecimal digits. */
  readonly hash: string
  /** The version that it prints. Absent if it was not started, because users other than root may replace it. */
  readonly version?: string
  /** The output that came instead of a version. */
  readonly failure?: string
}

export interface Installed extends Copy {
  readonly isRoots: boolean
  /** The digest that install recorded; absent if there is none. */
  readonly recorded?: string
}

export interface Executables {
  readonly path: string
  /** The executable that runs now. */
  readonly running: { readonly version: string; readonly hash: string }
  /** Absent if no executable is there. */
  readonly installed?: Installed
  /** The copies in other directories for executables, and in those of PATH. */
  readonly copies: readonly Copy[]
  /** Places that could not be looked at, and why. */
  readonly unread: readonly string[]
}

/** Looks for copies in the directories `others`. Throws the system's error if a file cannot be read. */
export function readExecutables(binDir: string, others: readonly string[]): Executables {
  const path = `${binDir}/${EXECUTABLE}`
  const running = { version: VERSION, hash: hashAt(executable()) }
  const status = statusIfThere(path)
  const seen = new Set(status ? [`${status.device} ${status.inode}`] : [])
  const copies: Copy[] = []
  const unread: string[] = []
  for (const directory of new Set(others)) {
    const copy = `${directory}/${EXECUTABLE}`
    try {
      const found = statusIfThere(copy)
      const key = found && `${found.device} ${found.inode}`
      if (key === undefined || found?.kind !== 'file' || seen.has(key)) continue
      seen.add(key)
      copies.push(readCopy(copy, running.hash))
    } catch (error) {
      unread.push(`${copy}: ${inPlainWords(error)}`)
    }
  }
  if (!status) return { path, running, copies, unread }
  const record = readSystemFile(`${binDir}/${RECORD}`)
  const recorded = record === undefined ? undefined : digestIn(record)
  const installed: Installed = {
    ...readCopy(path, running.hash),
    isRoots: typeof rootsOwn(path, 'file') !== 'string',
    ...(recorded !== undefined && { recorded }),
  }
  return { path, running, installed, copies, unread }
}

/** Files that are equal to the running one are not started. */
function readCopy(path: string, hashOfRunning: string): Copy {
  const hash = hashAt(path)
  if (hash === hashOfRunning) return { path, hash, version: VERSION }
  if (typeof rootsOwn(path, 'file') === 'string') return { path, hash }
  const { succeeded, stdout, said } = runProgram(path, { args: ['--version'], milliseconds: 5_000 })
  const version = stdout.trim()
  return succeeded && /^\d+\.\d+\.\d+\S*$/.test(version)
    ? { path, hash, version }
    : { path, hash, failure: said }
}

function hashAt(path: string): string {
  const file = openToRead(path)
  try {
    return hashOf(file)
  } finally {
    close(file)
  }
}
