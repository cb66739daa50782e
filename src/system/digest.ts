/** Digests and random numbers: `#system/digest`. */
export interface Digests {
  /** SHA-256 of a text in UTF-8, in lower-case hex. Each call of a pod's needs it. */
  sha256(text: string): string
  /** SHA-512, the same. */
  sha512(text: string): string
  /** SHA-256 of bytes that come in pieces. */
  startSha256(): RunningDigest
  /** So many bytes that nobody can guess, in lower-case hex. */
  randomHex(bytes: number): string
}

export interface RunningDigest {
  /** The bytes may change after it has returned. */
  update(bytes: Uint8Array): void
  /** In lower-case hex; once. */
  end(): string
}
