/** The kernel's own files: `#system/proc`. */
export interface Proc {
  /** The text of a small file below /proc or /sys; undefined where it cannot be read, whatever the reason. STATUS asks every 5 s. */
  readSystemFile(path: string): string | undefined
}
