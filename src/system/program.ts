/** The running program and its caller: `#system/program`. */
export interface Program {
  /**
   * Calls `run` when all modules of the program have run. The native executable loads them when it is built, so they must ask nothing of
   * the machine before that.
   */
  onStart(run: () => void): void
  environment(): Readonly<Record<string, string | undefined>>
  /** The arguments without the program's own name. */
  programArguments(): readonly string[]
  /**
   * A path at which the running program's file can be read. In the native executable this is /proc/self/exe, which leads
   * to the running file (proc(5)) wherever the program's own path leads by now: in the host's root that is another tree,
   * and anywhere somebody may have exchanged the file.
   */
  executable(): string
  processId(): number
  /** The effective user ID; 0 is root. */
  effectiveUser(): number
  /** An absolute path. Throws a `SystemError` if the directory has been removed. */
  workingDirectory(): string
  /** Calls `stop` once for each of SIGTERM and SIGINT; a second signal of the same kind ends the program. */
  onStop(stop: () => void): void
  /** `isHeldUp`: a `writeSome` has not returned, and we do not wait for it. The status may then be another one. */
  exit(status: number, isHeldUp: boolean): never
}
