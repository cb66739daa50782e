import { once } from '../once'
import { libc } from './libc'

export function encode(text: string): Uint8Array {
  return libc.encode(text)
}

export function decode(bytes: Uint8Array): string {
  return libc.decode(bytes)
}

export function encodeLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

export function decodeLatin1(bytes: Uint8Array): string {
  return libc.latin1(bytes)
}

export function encodeHex(bytes: Uint8Array): string {
  return libc.hex(bytes)
}

export function indexOfText(bytes: Uint8Array, ascii: string, from: number): number {
  return libc.find(bytes, libc.encode(ascii), from)
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const OTHER_ALPHABET = { '-': 62, _: 63 } as const
const valuesOfCharacters = once(makeValues)

export function decodeBase64(text: string): Uint8Array {
  const values = valuesOfCharacters()
  const bytes = new Uint8Array(Math.ceil((text.length * 3) / 4))
  let [length, bits, held] = [0, 0, 0]
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === PADDING) break
    const value = values[code] ?? -1
    if (value < 0) continue
    held = ((held << 6) | value) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes[length++] = held >> bits
  }
  return bytes.subarray(0, length)
}

const PADDING = 0x3d

function makeValues(): Int8Array {
  const made = new Int8Array(128).fill(-1)
  for (let i = 0; i < ALPHABET.length; i++) made[ALPHABET.charCodeAt(i)] = i
  for (const [character, value] of Object.entries(OTHER_ALPHABET)) made[character.charCodeAt(0)] = value
  return made
}
