/** Text as bytes: `#system/text`. */
export interface Texts {
  /** In UTF-8. */
  encode(text: string): Uint8Array
  /** The text of UTF-8; a byte order mark stays, as U+FEFF. */
  decode(bytes: Uint8Array): string
  /** A byte for each character, which is its lowest eight bits. */
  encodeLatin1(text: string): Uint8Array
  /** A character for each byte. */
  decodeLatin1(bytes: Uint8Array): string
  /** In lower-case hex. */
  encodeHex(bytes: Uint8Array): string
  /** RFC 4648, with or without padding, in both alphabets; what is in neither is skipped. */
  decodeBase64(text: string): Uint8Array
  /** Where a text of ASCII is first, from an index on; -1: nowhere. */
  indexOfText(bytes: Uint8Array, ascii: string, from: number): number
}
