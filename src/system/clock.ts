/** Time: `#system/clock`. */
export interface Clock {
  /** Milliseconds that only go up, from any beginning (CLOCK_MONOTONIC). */
  now(): number
  /** Since 1970; it may jump. */
  epochSeconds(): number
  /** Seconds since the boot, suspension included (CLOCK_BOOTTIME). */
  bootSeconds(): number
  /** Returns after so many milliseconds; nothing else happens meanwhile. */
  pause(milliseconds: number): void
  /**
   * Calls back once, not before so many milliseconds have passed. The program stays for as long as a timer runs. Returns what
   * stops the timer; it may be called at any time.
   */
  after(milliseconds: number, run: () => void): () => void
}
