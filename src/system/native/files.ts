import { ERRNO } from '../errno'
import type { Entry, FileKind, FileStatus } from '../files'
import { joined } from './joined'
import { AT_FDCWD, libc, MOST_BYTES } from './libc'
import { refused, taken, takenBytes } from './refused'

/** fcntl.h. O_DIRECTORY and O_NOFOLLOW have other values on ARM. */
const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOCTTY, O_NONBLOCK, O_DIRECTORY, O_NOFOLLOW, O_CLOEXEC } =
  libc.OPEN

/** fcntl.h; the values are the same on all architectures that we build for, and too rarely used to be made at every start. */
const O_WRONLY = 0o1
const O_APPEND = 0o2000

/**
 * fcntl.h, in this order: means the entry itself, even if it is a link; means the descriptor's own file; means a
 * directory.
 */
const [AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_REMOVEDIR] = [0x100, 0x1000, 0x200]

const ENOTDIR = 20

const fields = new Float64Array(9)

export function status(path: string): FileStatus {
  taken(libc.fstatat(AT_FDCWD, path, 0, fields), 'stat', path)
  return statusOf(fields)
}

export function statusIfThere(path: string): FileStatus | undefined {
  return ifThere(libc.fstatat(AT_FDCWD, path, 0, fields), 'stat', path)
}

export function statusOfEntry(path: string): FileStatus | undefined {
  return ifThere(libc.fstatat(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, fields), 'lstat', path)
}

function ifThere(returned: number, syscall: string, path: string): FileStatus | undefined {
  if (returned === -ERRNO.ENOENT || returned === -ENOTDIR) return undefined
  taken(returned, syscall, path)
  return statusOf(fields)
}

export function statusOfOpen(descriptor: number): FileStatus {
  taken(libc.fstatat(descriptor, '', AT_EMPTY_PATH, fields), 'fstat')
  return statusOf(fields)
}

/** Reads fields by index: an iterator would take longer than the system call. */
function statusOf(fields: Float64Array): FileStatus {
  const mode = fields[2] ?? 0
  return {
    kind: KINDS[mode >> 12] ?? 'other',
    device: fields[0] ?? 0,
    inode: fields[1] ?? 0,
    links: fields[3] ?? 0,
    size: fields[6] ?? 0,
    mode: mode & 0o7777,
    uid: fields[4] ?? 0,
    gid: fields[5] ?? 0,
    modifiedMs: fields[7] ?? 0,
    changedMs: fields[8] ?? 0,
  }
}

/** The upper bits of a mode are these numbers, and so are the types in a directory (stat.h, dirent.h). */
const KINDS: Readonly<Record<number, FileKind>> = { 4: 'directory', 8: 'file', 10: 'link', 12: 'socket' }

function open(path: string, flags: number, mode = 0): number {
  for (;;) {
    const descriptor = libc.openat(AT_FDCWD, path, flags | O_CLOEXEC, mode)
    if (descriptor !== -ERRNO.EINTR) return taken(descriptor, 'open', path)
  }
}

export function openToRead(path: string): number {
  return open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
}

export function openEntryToRead(path: string): number {
  return open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW)
}

export function openDirectory(path: string): number {
  return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
}

export function createFile(path: string, mode: number): number {
  return open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode)
}

export function openToAppend(path: string, mode: number): number {
  return open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW, mode)
}

export function close(descriptor: number): void {
  taken(libc.close(descriptor), 'close')
}

export function readNext(descriptor: number, room: Uint8Array): number {
  const bytes = readSome(descriptor, room.length)
  room.set(bytes)
  return bytes.length
}

function readSome(descriptor: number, length: number): Uint8Array {
  for (;;) {
    const bytes = libc.read(descriptor, length)
    if (bytes !== -ERRNO.EINTR) return takenBytes(bytes, 'read')
  }
}

export function readAt(descriptor: number, room: Uint8Array, position: number): number {
  for (;;) {
    const bytes = libc.pread64(descriptor, room.length, position)
    if (bytes === -ERRNO.EINTR) continue
    const read = takenBytes(bytes, 'read')
    room.set(read)
    return read.length
  }
}

export function readRest(descriptor: number): Uint8Array {
  const pieces: Uint8Array[] = []
  for (;;) {
    const piece = readSome(descriptor, MOST_BYTES)
    if (piece.length === 0) return joined(pieces)
    pieces.push(piece)
  }
}

export function writeNext(descriptor: number, bytes: Uint8Array): number {
  for (;;) {
    const written = libc.write(descriptor, bytes)
    if (written !== -ERRNO.EINTR) return taken(written, 'write')
  }
}

export function readText(path: string): string {
  const descriptor = open(path, O_RDONLY)
  try {
    return libc.decode(readRest(descriptor))
  } finally {
    libc.close(descriptor)
  }
}

export function namesIn(directory: string): string[] {
  return entriesIn(directory).map(({ name }) => name)
}

export function entriesIn(directory: string): Entry[] {
  const descriptor = libc.openat(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
  taken(descriptor, 'scandir', directory)
  try {
    const entries: Entry[] = []
    for (;;) {
      const bytes = takenBytes(libc.getdents64(descriptor, MOST_BYTES), 'scandir', directory)
      if (bytes.length === 0) return entries
      addEntries(entries, bytes, directory)
    }
  } finally {
    libc.close(descriptor)
  }
}

/** struct linux_dirent64: inode and offset of 8 bytes each, length (2), type (1), the name and a NUL. */
function addEntries(entries: Entry[], bytes: Uint8Array, directory: string): void {
  for (let at = 0; at < bytes.length; ) {
    const length = (bytes[at + 16] ?? 0) + (bytes[at + 17] ?? 0) * 256
    const type = bytes[at + 18] ?? 0
    let end = at + 19
    while (bytes[end] !== 0) end++
    const name = libc.decode(bytes.subarray(at + 19, end))
    if (name !== '.' && name !== '..') entries.push({ name, kind: kindOf(type, `${directory}/${name}`) })
    at += length
  }
}

/** The kind of an entry. Some file systems do not give it; then we look. */
function kindOf(type: number, path: string): FileKind {
  if (type !== 0) return KINDS[type] ?? 'other'
  return statusOfEntry(path)?.kind ?? 'other'
}

export function realPath(path: string): string {
  return libc.decode(takenBytes(libc.realpath(path), 'realpath', path))
}

export function linkTarget(path: string): string {
  return libc.decode(takenBytes(libc.readlinkat(AT_FDCWD, path, MOST_BYTES), 'readlink', path))
}

export function makeDirectory(path: string, mode: number): void {
  taken(libc.mkdirat(AT_FDCWD, path, mode), 'mkdir', path)
}

export function removeDirectory(path: string): void {
  taken(libc.unlinkat(AT_FDCWD, path, AT_REMOVEDIR), 'rmdir', path)
}

export function removeFile(path: string): void {
  taken(libc.unlinkat(AT_FDCWD, path, 0), 'unlink', path)
}

export function rename(from: string, to: string): void {
  const returned = libc.renameat2(AT_FDCWD, from, AT_FDCWD, to, 0)
  if (returned < 0) throw refused({ errno: -returned, syscall: 'rename', path: from, dest: to })
}

export function setMode(descriptor: number, mode: number): void {
  taken(libc.fchmod(descriptor, mode), 'fchmod')
}

export function setOwner(descriptor: number, uid: number, gid: number): void {
  taken(libc.fchown(descriptor, uid, gid), 'fchown')
}

export function flush(descriptor: number): void {
  taken(libc.fsync(descriptor), 'fsync')
}
