import { createHash, randomBytes } from 'node:crypto'
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

export interface Placement {
  /** The text, or the file whose copy it is to be. */
  readonly content: { readonly text: string } | { readonly copyOf: string }
  readonly mode: number
  /** Throws if the file must not come into place; it has all of its content, under another name. */
  readonly check?: (file: string) => Promise<void>
}

/** No suffix that a runtime reads (.conf, .conflist, .json), and no name that a plugin could have. */
const UNFINISHED = /^\.ip-masq-unfinished\.\d+\.[0-9a-f]{8}$/

/**
 * Puts a whole file in place: who looks sees the old one or the new one, also after a loss of power, and a running
 * executable is not written to (no "text file busy"). The unfinished file is in the same directory, so that the rename
 * is one, and SELinux gives it that directory's label.
 */
export async function placeFile(path: string, { content, mode, check }: Placement): Promise<void> {
  const directory = dirname(path)
  removeUnfinished(directory)
  const unfinished = join(directory, `.ip-masq-unfinished.${process.pid}.${randomBytes(4).toString('hex')}`)
  try {
    if ('text' in content) writeFileSync(unfinished, content.text, { flag: 'wx', mode })
    else copy(content.copyOf, unfinished)
    settle(unfinished, mode, ownerOf(path))
    if ('copyOf' in content && hashOf(unfinished) !== hashOf(content.copyOf))
      throw new Error(
        `the copy of ${content.copyOf} is not what it is a copy of; the disk may be full or broken`,
      )
    await check?.(unfinished)
    renameSync(unfinished, path)
    syncDirectory(directory)
  } finally {
    removeQuietly(unfinished)
  }
}

/** Not to hide what went wrong before: on a read-only file system this does too. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {}
}

export function removeFile(path: string): void {
  rmSync(path, { force: true })
  syncDirectory(dirname(path))
}

/** Mode whatever the umask, the owner of what was there before, and all of it on the disk. */
function settle(file: string, mode: number, owner: { uid: number; gid: number } | undefined): void {
  const descriptor = openSync(file, 'r+')
  try {
    fchmodSync(descriptor, mode)
    if (owner) fchownSync(descriptor, owner.uid, owner.gid)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function ownerOf(path: string): { uid: number; gid: number } | undefined {
  const status = statSync(path, { throwIfNoEntry: false })
  return status && { uid: status.uid, gid: status.gid }
}

/** What a killed install left. Only old ones: another may be at work. */
function removeUnfinished(directory: string): void {
  for (const name of readdirSync(directory).filter((one) => UNFINISHED.test(one))) {
    const path = join(directory, name)
    const status = statSync(path, { throwIfNoEntry: false })
    if (status && Date.now() - status.mtimeMs > 60_000) rmSync(path, { force: true })
  }
}

function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Whether a file is there and has this content and mode: then nothing needs to be written, nor can be. */
export function isInPlace(path: string, { content, mode }: Placement): boolean {
  const status = statSync(path, { throwIfNoEntry: false })
  if (!status?.isFile() || (status.mode & 0o777) !== mode) return false
  if ('text' in content) return readFileSync(path, 'utf8') === content.text
  return status.size === statSync(content.copyOf).size && hashOf(path) === hashOf(content.copyOf)
}

function hashOf(path: string): string {
  const hash = createHash('sha256')
  inPieces(path, (piece) => hash.update(piece))
  return hash.digest('hex')
}

/** Written in large pieces it stands in the page cache in large pieces: an executable starts 0.3 ms sooner. */
function copy(from: string, to: string): void {
  const descriptor = openSync(to, 'wx')
  try {
    inPieces(from, (piece) => {
      for (let at = 0; at < piece.length; ) at += writeSync(descriptor, piece, at)
    })
  } catch (error) {
    // Of a descriptor the system says no name.
    if (error instanceof Error) throw Object.assign(error, { syscall: 'copy', path: `${from} to ${to}` })
    throw error
  } finally {
    closeSync(descriptor)
  }
}

/** The executable has 110 MB, and a container's memory limit holds for us too. */
function inPieces(path: string, use: (piece: Uint8Array) => void): void {
  const piece = new Uint8Array(1 << 20)
  const descriptor = openSync(path, 'r')
  try {
    for (let length = -1; length !== 0; ) {
      length = readSync(descriptor, piece)
      use(piece.subarray(0, length))
    }
  } finally {
    closeSync(descriptor)
  }
}
