import {
  closeSync,
  constants,
  type Dirent,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmdirSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { isMissing } from '../errors'
import type { Entry, FileKind, FileStatus } from '../files'

const {
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOCTTY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
} = constants

export function status(path: string): FileStatus {
  return statusOf(statSync(path))
}

/** Avoids an error for a frequent answer, because making one takes as long as the call itself. */
const QUIETLY = { throwIfNoEntry: false } as const

export function statusIfThere(path: string): FileStatus | undefined {
  return ifThere(() => statSync(path, QUIETLY))
}

export function statusOfEntry(path: string): FileStatus | undefined {
  return ifThere(() => lstatSync(path, QUIETLY))
}

function ifThere(look: () => Stats | undefined): FileStatus | undefined {
  try {
    const stats = look()
    return stats && statusOf(stats)
  } catch (error) {
    // Some versions of Node treat ENOTDIR as an error.
    if (isMissing(error)) return undefined
    throw error
  }
}

export function statusOfOpen(descriptor: number): FileStatus {
  return statusOf(fstatSync(descriptor))
}

function statusOf(stats: Stats): FileStatus {
  return {
    kind: kindOf(stats),
    device: stats.dev,
    inode: stats.ino,
    links: stats.nlink,
    size: stats.size,
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    modifiedMs: stats.mtimeMs,
    changedMs: stats.ctimeMs,
  }
}

function kindOf(entry: Stats | Dirent): FileKind {
  if (entry.isFile()) return 'file'
  if (entry.isDirectory()) return 'directory'
  if (entry.isSymbolicLink()) return 'link'
  return entry.isSocket() ? 'socket' : 'other'
}

export function openToRead(path: string): number {
  return openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY)
}

export function openEntryToRead(path: string): number {
  return openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW)
}

export function openDirectory(path: string): number {
  return openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
}

export function createFile(path: string, mode: number): number {
  return openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode)
}

export function openToAppend(path: string, mode: number): number {
  return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW, mode)
}

export function close(descriptor: number): void {
  closeSync(descriptor)
}

export function readNext(descriptor: number, room: Uint8Array): number {
  return readSync(descriptor, room, 0, room.length, null)
}

export function readAt(descriptor: number, room: Uint8Array, position: number): number {
  return readSync(descriptor, room, 0, room.length, position)
}

export function readRest(descriptor: number): Uint8Array {
  return readFileSync(descriptor)
}

export function writeNext(descriptor: number, bytes: Uint8Array): number {
  return writeSync(descriptor, bytes)
}

export function readText(path: string): string {
  return readFileSync(path, 'utf8')
}

export function namesIn(directory: string): string[] {
  return readdirSync(directory)
}

export function entriesIn(directory: string): Entry[] {
  return readdirSync(directory, { withFileTypes: true }).map((entry) => ({
    name: entry.name,
    kind: kindOf(entry),
  }))
}

export function realPath(path: string): string {
  return realpathSync(path)
}

export function linkTarget(path: string): string {
  return readlinkSync(path)
}

export function makeDirectory(path: string, mode: number): void {
  mkdirSync(path, mode)
}

export function removeDirectory(path: string): void {
  rmdirSync(path)
}

export function removeFile(path: string): void {
  unlinkSync(path)
}

export function rename(from: string, to: string): void {
  renameSync(from, to)
}

export function setMode(descriptor: number, mode: number): void {
  fchmodSync(descriptor, mode)
}

export function setOwner(descriptor: number, uid: number, gid: number): void {
  fchownSync(descriptor, uid, gid)
}

export function flush(descriptor: number): void {
  fsyncSync(descriptor)
}
