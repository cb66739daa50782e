/** The error that a refused system call throws: "ENOENT: no such file or directory, open '/x'". */
export interface SystemError extends Error {
  /** The errno's name, `ENOENT`. */
  readonly code: string
  /** The system call without the letters of its variants: `open`, `stat`, `lstat`, `scandir`, `unlink`. */
  readonly syscall: string
  /** Absent if the call used a descriptor. */
  readonly path?: string
  /** The destination of a `rename`. */
  readonly dest?: string
}

/** The code of a system error, such as `ENOENT`; undefined for any other error. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

/**
 * Whether the kernel answers that nothing is there. No other error means that. What we cannot look at (EACCES, EPERM,
 * EIO, ELOOP) may exist, and code that takes it for absent removes the rules of a running pod.
 */
export function isMissing(error: unknown): boolean {
  const code = errorCode(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** The error for bytes that should be text. */
export class NotUtf8Error extends Error {
  constructor() {
    super('it is not UTF-8')
  }
}
