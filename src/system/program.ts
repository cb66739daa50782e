/** The program that runs, and who asked for it: `#system/program`. */
export interface Program {
  environment(): Readonly<Record<string, string | undefined>>
  /** Without the program's own name. */
  programArguments(): readonly string[]
  /**
   * The file of the program that runs, to be read. In the native executable that is /proc/self/exe, which leads to the file that runs
   * (proc(5)) whatever its path leads to by now: in the host's root that is another tree, and anywhere the file may have been
   * exchanged.
   */
  executable(): string
  processId(): number
  /** The effective user ID; 0 is root. */
  effectiveUser(): number
  /** An absolute path; throws a `SystemError` where it has been removed. */
  workingDirectory(): string
  /** Calls back once for each of SIGTERM and SIGINT; a second one of the same kind ends the program. */
  onStop(stop: () => void): void
  /** `isHeldUp`: a `writeSome` has not come back, and is not waited for; the status may then be another. */
  exit(status: number, isHeldUp: boolean): never
}
