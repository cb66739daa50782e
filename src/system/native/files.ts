import { ERRNO } from '../errno'
import { joined } from './joined'
import { AT_FDCWD, libc, MOST_BYTES } from './libc'
import { refused, taken, takenBytes } from './refused'

export { entriesIn, namesIn } from './entries'
export { status, statusIfThere, statusOfEntry, statusOfOpen } from './file-status'

/** fcntl.h. O_DIRECTORY and O_NOFOLLOW have other values on ARM. */
const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NOCTTY, O_NONBLOCK, O_DIRECTORY, O_NOFOLLOW, O_CLOEXEC } =
  libc.OPEN

/** fcntl.h; the values are the same on all architectures that we build for, and too rarely used to be made at every start. */
const O_WRONLY = 0o1
const O_APPEND = 0o2000

/** fcntl.h; means a directory. */
const AT_REMOVEDIR = 0x200

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
