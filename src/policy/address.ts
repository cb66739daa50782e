export type Family = 'ip' | 'ip6'

/** The differences between the families. Code looks them up here instead of asking "is it IPv6?". */
export const FAMILIES = {
  ip: { label: 'IPv4', bits: 32, nftType: 'ipv4_addr', nfproto: 'ipv4', brackets: ['', ''] },
  ip6: { label: 'IPv6', bits: 128, nftType: 'ipv6_addr', nfproto: 'ipv6', brackets: ['[', ']'] },
} as const

export const FAMILY_NAMES: readonly Family[] = ['ip', 'ip6']

/** An address has one spelling: a number of `FAMILIES[family].bits` bits. */
export interface Address {
  readonly family: Family
  readonly value: bigint
}

/** The address with these digits; the number of digits decides the family. */
export function addressOf(digits: string): Address {
  return { family: familyOf(digits), value: BigInt(`0x${digits}`) }
}

export function familyOf(digits: string): Family {
  return digits.length === 8 ? 'ip' : 'ip6'
}

export function digitsOf({ family, value }: Address): string {
  return value.toString(16).padStart(FAMILIES[family].bits / 4, '0')
}

/**
 * The number of an address, with IPv4 in its mapped IPv6 form (RFC 4291, 2.5.5.2), so that both families have one type of
 * key.
 */
export function toMapped({ family, value }: Address): bigint {
  return family === 'ip' ? 0xffff00000000n | value : value
}

/** The inverse of `toMapped`. */
export function fromMapped(value: bigint): Address {
  return isMapped(value) ? { family: 'ip', value: value & 0xffffffffn } : { family: 'ip6', value }
}

export function isMapped(value: bigint): boolean {
  return value >> 32n === 0xffffn
}

export function isSameAddress(a: Address, b: Address): boolean {
  return a.family === b.family && a.value === b.value
}

/**
 * The reason why no pod sends packets from this address: a rule for it would match nothing, or the packets of others.
 * Undefined for an address that a pod may have, including link-local and 240.0.0.0/4. IPv4-mapped addresses are refused
 * where they are read.
 */
export function kindOfNoPod({ family, value }: Address): string | undefined {
  if (family === 'ip') {
    const top = Number(value >> 24n)
    if (top === 0) return 'an address in 0.0.0.0/8'
    if (top === 127) return 'a loopback address'
    if (top >= 224 && top < 240) return 'a multicast address'
    return value === 0xffffffffn ? 'the broadcast address' : undefined
  }
  // This covers the unspecified address, loopback, and the IPv4-compatible ones, which are obsolete (RFC 4291, 2.5.5.1).
  if (value >> 32n === 0n) return 'an address in ::/96'
  return value >> 120n === 0xffn ? 'a multicast address' : undefined
}
