import type { Entry, FileKind } from '../files'
import { KINDS, statusOfEntry } from './file-status'
import { AT_FDCWD, libc, MOST_BYTES } from './libc'
import { taken, takenBytes } from './refused'

/** fcntl.h. O_DIRECTORY has another value on ARM. */
const { O_RDONLY, O_DIRECTORY, O_CLOEXEC } = libc.OPEN

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
