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

/** The error for text that is no address or prefix. Its message advises what to write instead, worded to follow a colon. */
export class MalformedError extends Error {}

/**
 * Parses `10.0.0.1` or `fd00::1` as an operator writes it, and no looser form: inet_aton's octal and short forms
 * (`010.0.0.1`, `10.1`) mean different addresses to different readers, a zone names an interface, and a mapped address is
 * an IPv4 address that no IPv6 rule would ever match. `suffix` is what followed the address (`/8`).
 */
export function parseAddress(text: string, suffix = ''): Address {
  const address = parsePrinted(text)
  if (!address) throw new MalformedError(adviceFor(text, suffix))
  if (address.family === 'ip6' && isMapped(address.value)) {
    const ipv4 = formatAddress(fromMapped(address.value))
    throw new MalformedError(`write the IPv4 form, "${ipv4}", with an IPv4 prefix length`)
  }
  return address
}

/** An address in the forms that tools print; undefined for anything else. */
export function parsePrinted(text: string): Address | undefined {
  const digits = parseDigits(text)
  return digits === undefined ? undefined : addressOf(digits)
}

/**
 * The hex digits of an address, 8 or 32, from dotted decimal, or from RFC 4291's hex groups with one "::" and perhaps a
 * dotted quad at the end; undefined for anything else. In this form addresses of one family compare and sort as text,
 * which takes half the time of numbers for a list of thousands. This is our own code, because every call parses with it:
 * ipaddr.js takes 3.4 million instructions to load and 140,000 for an address; this takes 26,000, and a whole ADD 5.7
 * million. The tests compare it with ipaddr.js.
 */
export function parseDigits(text: string): string | undefined {
  if (!text.includes(':')) return digitsOfQuad(text)
  const lower = text.toLowerCase()
  const gap = lower.indexOf('::')
  if (gap < 0) {
    const digits = digitsOfGroups(lower, true)
    return digits?.length === 32 ? digits : undefined
  }
  const head = digitsOfGroups(lower.slice(0, gap), false)
  const tail = digitsOfGroups(lower.slice(gap + 2), true)
  if (head === undefined || tail === undefined) return undefined
  // "::" replaces at least one group.
  const missing = 32 - head.length - tail.length
  return missing < 4 ? undefined : head + ZEROS.slice(0, missing) + tail
}

/** This has as many zeros as an address can have digits. */
export const ZEROS = '0'.repeat(32)

/** Expands `fd00:1` to `fd000001`. A dotted quad ends the address, so only the last part may have one. */
export function digitsOfGroups(groups: string, isLast: boolean): string | undefined {
  if (groups === '') return ''
  if (isGroup(groups)) return groups.padStart(4, '0')
  let digits = ''
  for (const group of groups.split(':')) {
    if (!isGroup(group)) return isLast ? digitsOfGroupsAndQuad(groups) : undefined
    digits += group.padStart(4, '0')
  }
  return digits
}

/** Whether the text is one to four hex digits in lower case. */
function isGroup(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    if (!((code >= 48 && code <= 57) || (code >= 97 && code <= 102))) return false
  }
  return text.length > 0 && text.length <= 4
}

export const HEX = '0123456789abcdef'

function digitsOfGroupsAndQuad(text: string): string | undefined {
  const colon = text.lastIndexOf(':')
  const groups = colon < 0 ? '' : digitsOfGroups(text.slice(0, colon), false)
  const quad = digitsOfQuad(text.slice(colon + 1))
  // The text before a colon must be a group.
  return quad === undefined || groups === undefined || colon === 0 ? undefined : groups + quad
}

/**
 * Converts `10.0.0.1` to `0a000001`, without regular expressions: every call reads addresses, and expressions cost an ADD
 * 65,000 instructions more.
 */
function digitsOfQuad(text: string): string | undefined {
  const octets = text.split('.')
  if (octets.length !== 4) return undefined
  let value = 0
  for (const octet of octets) {
    const number = parseDecimal(octet)
    if (number === undefined || number > 255) return undefined
    value = value * 0x100 + number
  }
  return digitsOfNumber(value)
}

/** Parses one to three decimal digits, without a leading zero. */
export function parseDecimal(text: string): number | undefined {
  if (text.length === 0 || text.length > 3 || (text.length > 1 && text[0] === '0')) return undefined
  let value = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  return value
}

/** The digits of an IPv4 address. */
export function digitsOfNumber(value: number): string {
  return (value + 0x100000000).toString(16).slice(1)
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

function adviceFor(text: string, suffix: string): string {
  if (/\s/.test(text)) return 'remove the white space'
  if (text.includes('%')) return 'leave out the zone ("%" and what follows)'
  const octets = text.split('.')
  if (octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) <= 255)) {
    if (octets.length < 4) return `write all four octets, as in "10.0.0.0${suffix && '/8'}"`
    const plain = octets.map(Number).join('.')
    if (octets.length === 4) return `write the octets without leading zeros, as in "${plain}${suffix}"`
  }
  return suffix
    ? 'write a CIDR, as in "10.0.0.0/8" or "fd00::/8"'
    : 'write an address, as in "10.0.0.1" or "fd00::1"'
}

/** The spelling that nft prints: dotted decimal, or RFC 5952's compressed form. */
export function formatAddress({ family, value }: Address): string {
  if (family === 'ip') return formatQuad(value)
  if (isMapped(value)) return `::ffff:${formatQuad(value & 0xffffffffn)}`
  const groups = groupsOf(value)
  const { start, length } = longestRunOfZeros(groups)
  const text = (from: number, to?: number) => groups.slice(from, to).map(hexOf).join(':')
  return length < 2 ? text(0) : `${text(0, start)}::${text(start + length)}`
}

const hexOf = (group: number) => group.toString(16)

/** The eight groups of an IPv6 address. */
function groupsOf(value: bigint): number[] {
  const groups: number[] = []
  for (let rest = value; groups.length < 8; rest >>= 32n) {
    const two = Number(rest & 0xffffffffn)
    groups.unshift(two >>> 16, two & 0xffff)
  }
  return groups
}

function longestRunOfZeros(groups: readonly number[]): { start: number; length: number } {
  let [start, longest, length] = [0, 0, 0]
  for (let i = 0; i < groups.length; i++) {
    length = groups[i] === 0 ? length + 1 : 0
    if (length > longest) [start, longest] = [i - length + 1, length]
  }
  return { start, length: longest }
}

function formatQuad(value: bigint): string {
  const bits = Number(value)
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join('.')
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

function isMapped(value: bigint): boolean {
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
