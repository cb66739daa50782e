import { type Address, addressOf, type Family, fromMapped, HEX } from '../../../policy/address'

declare global {
  interface Uint8Array {
    /** ECMAScript 2026; Node has it from 25 on. */
    toHex?(): string
  }
}

/** Addresses as the kernel has them. */

/** NFPROTO_IPV4, NFPROTO_IPV6; where the addresses are in their headers; the bytes of one. */
export const WIRE_FAMILIES = {
  ip: { nfproto: 2, saddr: 12, daddr: 16, bytes: 4 },
  ip6: { nfproto: 10, saddr: 8, daddr: 24, bytes: 16 },
} as const satisfies Readonly<Record<Family, object>>

/** In the network's byte order, as many as the family has. */
export function addressBytes({ family, value }: Address): Uint8Array {
  const bytes = new Uint8Array(WIRE_FAMILIES[family].bytes)
  let rest = value
  for (let at = bytes.length - 4; at >= 0; at -= 4) {
    writeWord(bytes, at, Number(rest & 0xffffffffn))
    rest >>= 32n
  }
  return bytes
}

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24
  bytes[at + 1] = word >>> 16
  bytes[at + 2] = word >>> 8
  bytes[at + 3] = word
}

export function addressOfBytes(bytes: Uint8Array): Address {
  return addressOf(hexOf(bytes))
}

export function hexOf(bytes: Uint8Array): string {
  if (bytes.toHex) return bytes.toHex()
  let hex = ''
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0
    hex += HEX.charAt(byte >> 4) + HEX.charAt(byte & 15)
  }
  return hex
}

/** The key of an element of `owners`. */
export function ownerAddress(key: Uint8Array): Address {
  return fromMapped(addressOfBytes(key).value)
}
