import { effectiveUser } from '#system/program'
import { errorCode } from './errors'

/** Why the system refused something, for an operator. */
interface Refusal {
  /** Worded to follow "Cannot read FILE: ". */
  readonly why: string
  /** What the operator can do about it. */
  readonly advice?: string
}

const REFUSALS: Readonly<Record<string, Refusal>> = {
  EEXIST: { why: 'something with this name exists already' },
  EBADF: { why: 'it is closed' },
  EBUSY: { why: 'something else uses it at the moment', advice: 'try again' },
  EDQUOT: { why: 'the disk quota is used up', advice: 'make room' },
  EIO: { why: 'the disk reports an error', advice: 'look at the kernel log (dmesg)' },
  EISDIR: { why: 'it is a directory', advice: 'name a file' },
  ELOOP: { why: 'its links lead in a circle, or are not followed here', advice: 'name the file itself' },
  EMFILE: { why: 'this process has too many files open' },
  ENAMETOOLONG: { why: 'the name is too long' },
  ENFILE: { why: 'this node has too many files open' },
  ENOENT: { why: 'there is no such file or directory' },
  ENOSPC: { why: 'the disk is full', advice: 'make room' },
  ENOTDIR: { why: 'it, or a part of its path, is not a directory' },
  ENXIO: { why: 'it is a FIFO or a socket', advice: 'name a file' },
  EROFS: { why: 'its file system is read-only' },
  ETXTBSY: { why: 'the program runs at the moment', advice: 'try again' },
}

/** The reason alone; the message of any other error. */
export function plainReason(error: unknown): string {
  return refusalOf(error).why
}

/** The reason, and what the operator can do about it. */
export function inPlainWords(error: unknown): string {
  const { why, advice } = refusalOf(error)
  return advice === undefined ? why : `${why}; ${advice}`
}

/** Whether the system does not allow it to this user. */
export function isDenied(error: unknown): boolean {
  const code = errorCode(error)
  return code === 'EACCES' || code === 'EPERM'
}

function refusalOf(error: unknown): Refusal {
  const message = error instanceof Error ? error.message : String(error)
  if (isDenied(error)) return denial()
  return REFUSALS[errorCode(error) ?? ''] ?? { why: message }
}

function denial(): Refusal {
  const user = effectiveUser()
  if (user !== 0) return { why: `user ${user} has no permission`, advice: 'run it as root' }
  return {
    why: 'even root has no permission',
    advice: 'look for a missing capability, SELinux or AppArmor, or an immutable file',
  }
}

/** What a system call does with a file. */
const VERBS: Readonly<Record<string, string>> = {
  chdir: 'enter',
  fchmod: 'set the mode of',
  fchown: 'set the owner of',
  fstat: 'look at',
  fsync: 'write to',
  lstat: 'look at',
  mkdir: 'make',
  readlink: 'follow',
  read: 'read',
  realpath: 'follow',
  rmdir: 'remove',
  scandir: 'list',
  stat: 'look at',
  unlink: 'remove',
  write: 'write to',
}

/** A whole sentence about a file that the system refused, which names the file; undefined for any other error. */
export function fileRefusal(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || errorCode(error) === undefined) return undefined
  const call = String(error.syscall)
  const path = 'path' in error && error.path !== undefined ? String(error.path) : undefined
  const verb = VERBS[call]
  if (path === undefined && verb === undefined) return undefined
  return `Cannot ${verb ?? call} ${path ?? 'a file'}: ${inPlainWords(error)}`
}
