/** Processes that we start: `#system/processes`. */
export interface Processes {
  /**
   * Starts a file, without a shell, in the directory `/`, as the leader of a session of its own (setsid(2)), and returns when it has
   * ended and nobody has its stdout or stderr open any more. Both are read all the time; `input` is written to its stdin, which
   * is then closed. A program that does not read its input is no error (EPIPE). At the deadline its process group gets SIGKILL.
   * Throws a `SystemError` where the file cannot be started.
   */
  runProcess(file: string, run: Run): Ended
  /** Whether this is a regular file that we may execute. */
  isExecutable(file: string): boolean
  /** Why it cannot be executed, as an errno's name (access(2)); undefined where it can. */
  whyNotExecutable(file: string): string | undefined
}

export interface Run {
  /** Without the program's own name. */
  readonly args: readonly string[]
  /** All of it: nothing of ours is inherited. */
  readonly environment: Readonly<Record<string, string>>
  readonly input: string
  /** How long it may take, from 1 on. */
  readonly milliseconds: number
}

export type Ended =
  | { readonly outcome: 'exited'; readonly status: number; readonly stdout: string; readonly stderr: string }
  /** A signal that was not ours ended it; `SIGSEGV`. */
  | { readonly outcome: 'killed'; readonly signal: string; readonly stdout: string; readonly stderr: string }
  /** What it said until then may be missing. */
  | { readonly outcome: 'deadline'; readonly stdout: string; readonly stderr: string }
