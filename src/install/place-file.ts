import { epochSeconds } from '#system/clock'
import { randomHex } from '#system/digest'
import {
  close,
  createFile,
  flush,
  namesIn,
  openEntryToRead,
  openToRead,
  rename,
  setMode,
  setOwner,
  statusOfEntry,
  statusOfOpen,
  removeFile as unlink,
} from '#system/files'
import { processId } from '#system/program'
import { CniError } from '../cni/error'
import { errorCode } from '../system/errors'
import { copyAttributes } from './attributes'
import { type Content, hashOf, hashOfContent, sizeOf, writeContent } from './content'
import type { Directory, Place } from './directory'
import { fileOfDescriptor } from './run-program'

export interface Owner {
  readonly uid: number
  readonly gid: number
}

export const ROOT: Owner = { uid: 0, gid: 0 }

export interface Placement {
  readonly content: Content
  readonly mode: number
  readonly owner: Owner
  /** An open file whose extended attributes the new one gets. */
  readonly attributesOf?: number
  /** Throws if the file must not be put in place. `file` is the whole file, open for reading and executing. */
  readonly check?: (file: string) => void
}

/** The name has no suffix that a runtime reads (.conf, .conflist, .json), and no plugin could have this name. */
const UNFINISHED = /^\.ip-masq-unfinished\.\d+\.[0-9a-f]{8}$/

/**
 * Puts a whole file in place. Readers see the old file or the new one, also after a power loss, and a running executable
 * is not written to (no "text file busy"). The unfinished file is in the same directory, so that one rename is enough,
 * and SELinux gives it that directory's label.
 *
 * The directory may belong to another user, who can exchange any of its entries at any moment. So the file is newly
 * created, and everything until the rename is done to the open file and never to its name. Afterwards the name is
 * compared with the file. Returns lines about what could not be verified.
 */
export function placeFile({ directory, name }: Place, placement: Placement): string[] {
  const { content, mode, owner, attributesOf, check } = placement
  removeUnfinished(directory)
  const unfinished = `.ip-masq-unfinished.${processId()}.${randomHex(4)}`
  let descriptor = createFile(directory.at(unfinished), 0o600)
  try {
    const hash = writeContent(descriptor, content)
    const status = statusOfOpen(descriptor)
    // The mode is set while the file is ours: changing the mode of another user's file takes CAP_FOWNER.
    setMode(descriptor, mode)
    if (status.uid !== owner.uid || status.gid !== owner.gid) setOwner(descriptor, owner.uid, owner.gid)
    const lines =
      attributesOf === undefined ? [] : copyAttributes(attributesOf, descriptor, `${directory.path}/${name}`)
    flush(descriptor)
    // A file that is open for writing cannot be executed.
    descriptor = reopen(descriptor)
    if (hashOf(descriptor) !== hash) {
      throw new CniError(
        'ioFailure',
        `Cannot write ${directory.path}/${name}: the file reads back differently from what was written; the disk may be full or faulty`,
      )
    }
    check?.(fileOfDescriptor(descriptor))
    rename(directory.at(unfinished), directory.at(name))
    requireSame(descriptor, { directory, name })
    flush(directory.descriptor)
    return lines
  } catch (error) {
    // The system's error names no file when the call used a descriptor.
    if (error instanceof Error && 'syscall' in error && !('path' in error))
      Object.assign(error, { path: `${directory.path}/${name}` })
    throw error
  } finally {
    close(descriptor)
    removeQuietly(directory, unfinished)
  }
}

function reopen(descriptor: number): number {
  const next = openToRead(`/proc/self/fd/${descriptor}`)
  close(descriptor)
  return next
}

function requireSame(descriptor: number, { directory, name }: Pick<Place, 'directory' | 'name'>): void {
  const [ours, there] = [statusOfOpen(descriptor), statusOfEntry(directory.at(name))]
  if (there?.inode === ours.inode && there.device === ours.device) return
  throw new CniError(
    'ioFailure',
    `Cannot put ${directory.path}/${name} in place: another process replaced the file; find out which process writes to ${directory.path}`,
  )
}

/**
 * Removes a file without an error. A failure here must not hide the earlier one: a read-only file system refuses this
 * too.
 */
function removeQuietly(directory: Directory, name: string): void {
  try {
    unlink(directory.at(name))
  } catch {}
}

export function removeFile({ directory, name }: Pick<Place, 'directory' | 'name'>): void {
  try {
    unlink(directory.at(name))
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
  flush(directory.descriptor)
}

/** Removes what a killed install left. Only old files are removed, because another install may be at work. */
function removeUnfinished(directory: Directory): void {
  for (const name of namesIn(directory.at('.')).filter((one) => UNFINISHED.test(one))) {
    const status = statusOfEntry(directory.at(name))
    if (status && epochSeconds() * 1000 - status.modifiedMs > 60_000) removeQuietly(directory, name)
  }
}

/**
 * Whether the file has this content, mode and owner already: then nothing needs to be written, and writing may not even
 * be possible. `check` gets the open file, as in `placeFile`.
 */
export function isInPlace({ directory, name }: Place, placement: Placement): boolean {
  const { content, mode, owner, check } = placement
  let descriptor: number
  try {
    descriptor = openEntryToRead(directory.at(name))
  } catch {
    return false
  }
  try {
    const status = statusOfOpen(descriptor)
    if (status.kind !== 'file' || status.mode !== mode) return false
    if (status.uid !== owner.uid || status.gid !== owner.gid) return false
    if (status.size !== sizeOf(content) || hashOf(descriptor) !== hashOfContent(content)) return false
    check?.(fileOfDescriptor(descriptor))
    return true
  } finally {
    close(descriptor)
  }
}
