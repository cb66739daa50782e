/** Time: `#system/clock`. */
export interface Clock {
  /** Milliseconds that only increase, from any start (CLOCK_MONOTONIC). */
  now(): number
  /** Seconds since 1970; the time may jump. */
  epochSeconds(): number
  /** Seconds since the boot, suspension included (CLOCK_BOOTTIME). */
  bootSeconds(): number
  /** Returns after this many milliseconds; nothing else happens during them. */
  pause(milliseconds: number): void
  /**
   * Calls `run` once, after at least this many milliseconds. The program does not end while a timer runs. Returns a
   * function that stops the timer; it may be called at any time.
   */
  after(milliseconds: number, run: () => void): () => void
}
