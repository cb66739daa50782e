/** Files and directories: `#system/files`. */
export interface Files {
  /** The status of the file that the path leads to (stat(2)). */
  status(path: string): FileStatus
  /** The same; undefined if nothing has this path (ENOENT, ENOTDIR). That answer costs no more than a successful call. */
  statusIfThere(path: string): FileStatus | undefined
  /** The status of the path itself, which may be a link (lstat(2)); undefined if nothing has this path (ENOENT, ENOTDIR). */
  statusOfEntry(path: string): FileStatus | undefined
  statusOfOpen(descriptor: number): FileStatus

  /** Opens for reading, any kind of file, without waiting for anybody (O_NONBLOCK, O_NOCTTY); links are followed. */
  openToRead(path: string): number
  /** The same, but refuses a link with ELOOP (O_NOFOLLOW). */
  openEntryToRead(path: string): number
  /** Opens a directory that is not a link (O_DIRECTORY, O_NOFOLLOW); ENOTDIR or ELOOP otherwise. */
  openDirectory(path: string): number
  /**
   * Makes a file and opens it for reading and writing (O_CREAT, O_EXCL, O_NOFOLLOW). The umask removes bits from the
   * mode.
   */
  createFile(path: string, mode: number): number
  /**
   * Opens any kind of file for writing at its end, without waiting for anybody (O_APPEND, O_NONBLOCK); makes the file if
   * it is missing (O_CREAT). Refuses a link with ELOOP, and a FIFO that nobody reads with ENXIO. The umask removes bits
   * from the mode.
   */
  openToAppend(path: string, mode: number): number
  close(descriptor: number): void

  /** Reads once, from where the last such read ended (read(2)). Returns the number of bytes; 0 at the end. */
  readNext(descriptor: number, room: Uint8Array): number
  /** Reads once, from a position in bytes (pread(2)); `readNext` is not affected. */
  readAt(descriptor: number, room: Uint8Array, position: number): number
  /** Reads from the position of `readNext` to the end. */
  readRest(descriptor: number): Uint8Array
  /** Writes once, after the last write (write(2)). Returns how many bytes were written. */
  writeNext(descriptor: number, bytes: Uint8Array): number
  /** The text of a whole file; files of /proc work too. */
  readText(path: string): string

  /** The names in a directory, without `.` and `..`, in any order. */
  namesIn(directory: string): string[]
  /** The same, with the kind of each entry; a link is reported as a link. */
  entriesIn(directory: string): Entry[]
  /** The path without links, from the root on (realpath(3)). */
  realPath(path: string): string
  /** The text of a link. */
  linkTarget(path: string): string

  /** Makes one directory; its parent must exist. */
  makeDirectory(path: string, mode: number): void
  removeDirectory(path: string): void
  /** unlink(2): removes a link itself, never the file that it leads to. */
  removeFile(path: string): void
  rename(from: string, to: string): void
  setMode(descriptor: number, mode: number): void
  setOwner(descriptor: number, uid: number, gid: number): void
  /** Returns when the data is on the disk (fsync(2)). */
  flush(descriptor: number): void
}

export type FileKind = 'file' | 'directory' | 'link' | 'socket' | 'other'

export interface Entry {
  readonly name: string
  readonly kind: FileKind
}

export interface FileStatus {
  readonly kind: FileKind
  readonly device: number
  readonly inode: number
  /** The number of names (hard links). */
  readonly links: number
  readonly size: number
  /** The permission bits only, including set-user-ID, set-group-ID and sticky: at most 0o7777. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** The time of the last change of the content, since the epoch. */
  readonly modifiedMs: number
  /** The time of the last change of content, owner, mode or name, since the epoch (`st_ctime`). */
  readonly changedMs: number
}
