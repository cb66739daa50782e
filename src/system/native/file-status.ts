import { ERRNO } from '../errno'
import type { FileKind, FileStatus } from '../files'
import { AT_FDCWD, libc } from './libc'
import { taken } from './refused'

/** fcntl.h, in this order: means the entry itself, even if it is a link; means the descriptor's own file. */
const [AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH] = [0x100, 0x1000]

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
export const KINDS: Readonly<Record<number, FileKind>> = {
  4: 'directory',
  8: 'file',
  10: 'link',
  12: 'socket',
}
