const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

export function encode(text: string): Uint8Array {
  return encoder.encode(text)
}

export function decode(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

export function encodeLatin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}

export function decodeLatin1(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('latin1')
}

export function encodeHex(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('hex')
}

export function decodeBase64(text: string): Uint8Array {
  return Buffer.from(text, 'base64')
}

export function indexOfText(bytes: Uint8Array, ascii: string, from: number): number {
  return asBuffer(bytes).indexOf(ascii, from)
}

/** A view of the same memory. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
