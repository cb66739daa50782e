import { encodeHex } from '#system/text'
import { type Address, addressOf, type Family } from '../../../policy/address'

/** Converts addresses to the kernel's form. */

/** For each family: its number (NFPROTO_IPV4, NFPROTO_IPV6), where the addresses are in its header, and the bytes of one. */
export const WIRE_FAMILIES = {
  ip: { nfproto: 2, saddr: 12, daddr: 16, bytes: 4 },
  ip6: { nfproto: 10, saddr: 8, daddr: 24, bytes: 16 },
} as const satisfies Readonly<Record<Family, object>>

/** The bytes of an address in network byte order. */
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
  return addressOf(encodeHex(bytes))
}
