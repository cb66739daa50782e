/** stdin to its end, stdout and stderr to the last byte: `#system/streams`. */
export interface Streams {
  /**
   * All of stdin; a byte order mark at its beginning is not part of the text. Waits if stdin is non-blocking. Throws a
   * NotUtf8Error if the bytes are not UTF-8, because what is passed on must be what was received.
   */
  readStdin(): string
  /**
   * Writes every byte once, in order, or throws an error with `code` (EPIPE: nobody reads it any more). Waits if the
   * output is non-blocking.
   */
  write(descriptor: Output, text: string): void
  /**
   * Writes at least one of the bytes, and returns how many. A full pipe holds up only the promise. An output that is
   * non-blocking and full rejects with EAGAIN. Only one call at a time is allowed for each output.
   */
  writeSome(descriptor: Output, bytes: Uint8Array): Promise<number>
  /** Whether the output is a terminal (isatty(3)). */
  isTerminal(descriptor: Output): boolean
}

export type Output = 1 | 2
