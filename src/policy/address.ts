import ipaddr from 'ipaddr.js'

export type Family = 'ip' | 'ip6'

/** What differs between the families. Code that needs to know looks it up here instead of asking "is it IPv6?". */
export const FAMILIES = {
  ip: { family: 'ip', label: 'IPv4', bits: 32, nftType: 'ipv4_addr', example: '10.0.0.0/8' },
  ip6: { family: 'ip6', label: 'IPv6', bits: 128, nftType: 'ipv6_addr', example: 'fd00::/8' },
} as const

export const FAMILY_NAMES: readonly Family[] = ['ip', 'ip6']

/** An address has one spelling: a number of `FAMILIES[family].bits` bits. */
export interface Address {
  readonly family: Family
  readonly value: bigint
}

/** Text that is no address or prefix. The message says what to write instead, fit to follow a colon. */
export class MalformedError extends Error {}

const MAPPED_PREFIX = 0xffffn << 32n

/**
 * `10.0.0.1` or `fd00::1`, nothing looser: inet_aton's octal and short forms (`010.0.0.1`, `10.1`) mean
 * different addresses to different readers, a zone names an interface, and a mapped address is an IPv4
 * address that no IPv6 rule would ever match. `suffix` is what followed the address (`/8`), for the advice.
 */
export function parseAddress(text: string, suffix = ''): Address {
  if (/\s/.test(text)) throw new MalformedError('remove the white space')
  return text.includes(':') ? parseIPv6(text) : parseIPv4(text, suffix)
}

function parseIPv4(text: string, suffix: string): Address {
  const octets = text.split('.')
  const isDecimal = octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) <= 255)
  if (!isDecimal || octets.length > 4) throw notAnAddress(suffix)
  if (octets.length < 4) throw new MalformedError(`write all four octets, as in "10.0.0.0${suffix && '/8'}"`)
  if (!ipaddr.IPv4.isValidFourPartDecimal(text)) {
    const plain = octets.map(Number).join('.')
    throw new MalformedError(`write the octets without leading zeros, as in "${plain}${suffix}"`)
  }
  return { family: 'ip', value: fromBytes(ipaddr.IPv4.parse(text).toByteArray()) }
}

function parseIPv6(text: string): Address {
  if (text.includes('%')) throw new MalformedError('leave out the zone ("%" and what follows)')
  const hasLongGroup = text.split(/[:.]/).some((group) => group.length > 4)
  if (hasLongGroup || !ipaddr.IPv6.isValid(text)) throw notAnAddress('/64')
  const parsed = ipaddr.IPv6.parse(text)
  if (parsed.isIPv4MappedAddress()) {
    throw new MalformedError(`write the IPv4 form, "${parsed.toIPv4Address()}", with an IPv4 prefix length`)
  }
  return { family: 'ip6', value: fromBytes(parsed.toByteArray()) }
}

function notAnAddress(suffix: string): MalformedError {
  return new MalformedError(
    suffix
      ? 'write a CIDR, as in "10.0.0.0/8" or "fd00::/8"'
      : 'write an address, as in "10.0.0.1" or "fd00::1"',
  )
}

/**
 * An address as nft prints it, mapped ones included (`owners` has them); undefined for anything else. A listing
 * has thousands, so this goes over hex digits instead of through ipaddr.js: 1 us instead of 10.
 */
export function parsePrinted(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text))
    return { family: 'ip', value: BigInt(`0x${dottedToHex(text)}`) }
  if (!/^[0-9a-f:]*:(?:[0-9a-f]*|\d+\.\d+\.\d+\.\d+)$/.test(text)) return undefined
  const [head = '', tail] = text.split('::').map(groupsToHex)
  const digits = tail === undefined ? head : head.padEnd(32 - tail.length, '0') + tail
  return digits.length === 32 ? { family: 'ip6', value: BigInt(`0x${digits}`) } : undefined
}

/** `fd00:1` to `fd000001`; a dotted quad may stand for the last two groups. */
function groupsToHex(groups: string): string {
  if (groups === '') return ''
  return groups
    .split(':')
    .map((group) => (group.includes('.') ? dottedToHex(group) : group.padStart(4, '0')))
    .join('')
}

function dottedToHex(text: string): string {
  return text
    .split('.')
    .map((octet) => Number(octet).toString(16).padStart(2, '0'))
    .join('')
}

/** The spelling that nft prints: dotted decimal, or RFC 5952's compressed form. */
export function formatAddress({ family, value }: Address): string {
  if (family === 'ip') return toBytes(value, 4).join('.')
  if (isMapped(value)) return `::ffff:${toBytes(value & 0xffffffffn, 4).join('.')}`
  return new ipaddr.IPv6(toBytes(value, 16)).toString()
}

/** An IPv4 address under its mapped IPv6 form (RFC 4291, 2.5.5.2): one key type for both families. */
export function toMapped({ family, value }: Address): bigint {
  return family === 'ip' ? MAPPED_PREFIX | value : value
}

/** The inverse of `toMapped`. */
export function fromMapped(value: bigint): Address {
  return isMapped(value) ? { family: 'ip', value: value & 0xffffffffn } : { family: 'ip6', value }
}

function isMapped(value: bigint): boolean {
  return value >> 32n === 0xffffn
}

export function isSameAddress(a: Address, b: Address): boolean {
  return a.family === b.family && a.value === b.value
}

function fromBytes(bytes: readonly number[]): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

function toBytes(value: bigint, length: number): number[] {
  return Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 0xffn))
}
