/** Processes that we start: `#system/processes`. */
export interface Processes {
  /**
   * Starts a file, without a shell, in the directory `/`, as the leader of a session of its own (setsid(2)). Returns when
   * it has ended and nobody has its stdout or stderr open any more. Both are read all the time; `input` is written to its
   * stdin, which is then closed. It is no error if a program does not read its input (EPIPE). At the deadline its process
   * group gets SIGKILL. Throws a `SystemError` if the file cannot be started.
   */
  runProcess(file: string, run: Run): Ended
  /** Whether this is a regular file that we may execute. */
  isExecutable(file: string): boolean
  /** The reason why it cannot be executed, as an errno's name (access(2)); undefined if it can. */
  whyNotExecutable(file: string): string | undefined
}

export interface Run {
  /** The arguments without the program's own name. */
  readonly args: readonly string[]
  /** The whole environment: nothing of ours is inherited. */
  readonly environment: Readonly<Record<string, string>>
  readonly input: string
  /** The time limit, at least 1. */
  readonly milliseconds: number
}

export type Ended =
  | { readonly outcome: 'exited'; readonly status: number; readonly stdout: string; readonly stderr: string }
  /** A signal that we did not send ended it; `SIGSEGV`. */
  | { readonly outcome: 'killed'; readonly signal: string; readonly stdout: string; readonly stderr: string }
  /** It was killed at the deadline. Some of its output may be missing. */
  | { readonly outcome: 'deadline'; readonly stdout: string; readonly stderr: string }
