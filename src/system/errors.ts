/** What a refused system call throws: "ENOENT: no such file or directory, open '/x'". */
export interface SystemError extends Error {
  /** The errno's name, `ENOENT`. */
  readonly code: string
  /** The system call without the letters of its variants: `open`, `stat`, `lstat`, `scandir`, `unlink`. */
  readonly syscall: string
  /** Absent where the call was given a descriptor. */
  readonly path?: string
  /** Where `rename` was to lead. */
  readonly dest?: string
}

/** `ENOENT`; undefined where it is no error of the system's. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined
}

/**
 * Whether the kernel says that nothing is there. No other error means that: what cannot be looked at (EACCES, EPERM, EIO,
 * ELOOP) may well exist, and whoever takes it for absent removes the rules of a pod that runs.
 */
export function isMissing(error: unknown): boolean {
  const code = errorCode(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** Bytes that should be text. */
export class NotUtf8Error extends Error {
  constructor() {
    super('it is not UTF-8')
  }
}
