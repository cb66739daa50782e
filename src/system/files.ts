/** Files and directories: `#system/files`. */
export interface Files {
  /** The status of what the path leads to (stat(2)). */
  status(path: string): FileStatus
  /** The same; undefined where nothing has this path (ENOENT, ENOTDIR). It costs no more than a call that succeeds. */
  statusIfThere(path: string): FileStatus | undefined
  /** The status of the path itself, which may be a link (lstat(2)); undefined where nothing has this path (ENOENT, ENOTDIR). */
  statusOfEntry(path: string): FileStatus | undefined
  statusOfOpen(descriptor: number): FileStatus

  /** To read, whatever kind it is, without waiting for anybody (O_NONBLOCK, O_NOCTTY); links are followed. */
  openToRead(path: string): number
  /** The same, but a link is refused with ELOOP (O_NOFOLLOW). */
  openEntryToRead(path: string): number
  /** A directory that is no link (O_DIRECTORY, O_NOFOLLOW); ENOTDIR or ELOOP otherwise. */
  openDirectory(path: string): number
  /** To read and write a file that this call makes (O_CREAT, O_EXCL, O_NOFOLLOW); the umask takes its bits from the mode. */
  createFile(path: string, mode: number): number
  /**
   * To write at the end of a file, whatever kind it is, without waiting for anybody (O_APPEND, O_NONBLOCK); makes it where it is missing
   * (O_CREAT). A link is refused with ELOOP, and a FIFO that nobody reads with ENXIO. The umask takes its bits from the mode.
   */
  openToAppend(path: string, mode: number): number
  close(descriptor: number): void

  /** Reads on from where the last such read ended (read(2)), once: how many bytes there were; 0 at the end. */
  readNext(descriptor: number, room: Uint8Array): number
  /** Reads from a position in bytes (pread(2)), once, and leaves where `readNext` goes on. */
  readAt(descriptor: number, room: Uint8Array, position: number): number
  /** Reads from where `readNext` goes on to the end. */
  readRest(descriptor: number): Uint8Array
  /** Writes on from where the last write ended, once: how many bytes were written (write(2)). */
  writeNext(descriptor: number, bytes: Uint8Array): number
  /** The text of a whole file, of /proc too. */
  readText(path: string): string

  /** The names in a directory without `.` and `..`, in no order. */
  namesIn(directory: string): string[]
  /** The same with what each name is; a link is a link. */
  entriesIn(directory: string): Entry[]
  /** The path without links, from the root on (realpath(3)). */
  realPath(path: string): string
  /** What a link says. */
  linkTarget(path: string): string

  /** One directory, in one that is there. */
  makeDirectory(path: string, mode: number): void
  removeDirectory(path: string): void
  /** unlink(2): a link itself, never what it leads to. */
  removeFile(path: string): void
  rename(from: string, to: string): void
  setMode(descriptor: number, mode: number): void
  setOwner(descriptor: number, uid: number, gid: number): void
  /** Returns when the disk has it (fsync(2)). */
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
  /** How many names it has. */
  readonly links: number
  readonly size: number
  /** The permission bits alone, with set-user-ID, set-group-ID and sticky: at most 0o7777. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** When the content was last changed, since the epoch. */
  readonly modifiedMs: number
  /** When content, owner, mode or name were last changed, since the epoch (`st_ctime`). */
  readonly changedMs: number
}
