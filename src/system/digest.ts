/** Digests and random numbers: `#system/digest`. */
export interface Digests {
  /** SHA-256 of a text in UTF-8, in lower-case hex. Each ADD and DEL needs it. */
  sha256(text: string): string
  /** SHA-512 in the same form. */
  sha512(text: string): string
  /** SHA-256 of bytes that come in pieces. */
  startSha256(): RunningDigest
  /** This many unpredictable bytes, in lower-case hex. */
  randomHex(bytes: number): string
}

export interface RunningDigest {
  /** The bytes may change after the call has returned. */
  update(bytes: Uint8Array): void
  /** The digest in lower-case hex; may be called once. */
  end(): string
}
