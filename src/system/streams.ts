/** stdin to its end, stdout and stderr to the last byte: `#system/streams`. */
export interface Streams {
  /**
   * All of stdin; a byte order mark at its beginning is no part of the text. Waits where it is non-blocking. Throws a
   * NotUtf8Error where the bytes are no UTF-8: what is passed on must be what was received.
   */
  readStdin(): string
  /** Every byte once, in order, or an error with `code` (EPIPE: nobody reads it any more). Waits where it is non-blocking. */
  write(descriptor: Output, text: string): void
  /**
   * Writes some of the bytes, at least one, and gives their number. A full pipe holds up the promise and nothing else. An output
   * that is non-blocking and full rejects with EAGAIN. One call at a time for each output.
   */
  writeSome(descriptor: Output, bytes: Uint8Array): Promise<number>
  /** Whether it is a terminal (isatty(3)). */
  isTerminal(descriptor: Output): boolean
}

export type Output = 1 | 2
