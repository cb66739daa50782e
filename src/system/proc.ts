/** The kernel's own files: `#system/proc`. */
export interface Proc {
  /**
   * The text of a small file below /proc or /sys; undefined if it cannot be read for any reason. STATUS reads some every
   * 5 s.
   */
  readSystemFile(path: string): string | undefined
}
