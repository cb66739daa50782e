/** Text as bytes: `#system/text`. */
export interface Texts {
  /** The bytes of the text in UTF-8. */
  encode(text: string): Uint8Array
  /** The text of bytes in UTF-8; a byte order mark stays, as U+FEFF. */
  decode(bytes: Uint8Array): string
  /** One byte per character: its lowest eight bits. */
  encodeLatin1(text: string): Uint8Array
  /** One character per byte. */
  decodeLatin1(bytes: Uint8Array): string
  /** The bytes in lower-case hex. */
  encodeHex(bytes: Uint8Array): string
  /** Decodes RFC 4648, with or without padding, in both alphabets; characters of neither are skipped. */
  decodeBase64(text: string): Uint8Array
  /** Where an ASCII text occurs first, from an index on; -1 if it does not. */
  indexOfText(bytes: Uint8Array, ascii: string, from: number): number
}
