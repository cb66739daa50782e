import { type Address, addressOf, digitsOf, FAMILIES, type Family, familyOf } from './address'
import { formatAddress, MalformedError, parseAddress } from './address-text'
import { parseDecimal, parseDigits, ZEROS } from './digits'

/** A network: the `digits` of its first address (`parseDigits`), in which all bits beyond `length` are 0. */
export interface Prefix {
  readonly family: Family
  readonly digits: string
  readonly length: number
}

/** An address of a pod, with the prefix length of the subnet that IPAM gave it. */
export interface InterfaceAddress {
  readonly address: Address
  readonly length: number
}

/** Parses `10.0.0.0/8`: strict address, decimal length, no host bits. */
export function parsePrefix(text: string): Prefix {
  return readPrefix(text) ?? explain(text)
}

/** Reads a valid prefix; undefined for anything else. */
export function readPrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/')
  if (slash < 0) return undefined
  const digits = parseDigits(text.slice(0, slash))
  const length = parseDecimal(text.slice(slash + 1))
  if (digits === undefined || length === undefined) return undefined
  if (length > 4 * digits.length || digits.startsWith(MAPPED)) return undefined
  return prefixUnlessHost(familyOf(digits), digits, length)
}

export function prefixUnlessHost(family: Family, digits: string, length: number): Prefix | undefined {
  return length === 4 * digits.length || endsWithZeros(digits, length)
    ? { family, digits, length }
    : undefined
}

/** Whether all bits beyond `length` are 0. */
function endsWithZeros(digits: string, length: number): boolean {
  // The digit through which the border runs, if it runs through one.
  const border = length & 3 ? Number.parseInt(digits.charAt(length >> 2), 16) & (15 >> (length & 3)) : 0
  return border === 0 && digits.endsWith(ZEROS.slice(0, digits.length - ((length + 3) >> 2)))
}

/** The digits of IPv4-mapped addresses (RFC 4291, 2.5.5.2), which no IPv6 rule would ever match. */
const MAPPED = '00000000000000000000ffff'

/** Throws an error that explains what is wrong with text that is no prefix. */
function explain(text: string): never {
  const { address, length } = parseAddressWithLength(text)
  const [prefix, bits] = [subnetOf(address, length), FAMILIES[address.family].bits]
  const host = formatPrefix({ ...prefix, digits: digitsOf(address), length: bits })
  throw new MalformedError(`write the network "${formatPrefix(prefix)}", or "${host}" for the one address`)
}

/** Parses a prefix; an address alone means that one address. */
export function parseAddressOrPrefix(text: string): Prefix {
  const digits = parseDigits(text)
  return digits === undefined ? parsePrefix(text) : parsePrefix(`${text}/${4 * digits.length}`)
}

/** An interface address as CNI results carry it: `10.244.1.7/24`, host bits and all. */
export function parseAddressWithLength(text: string): InterfaceAddress {
  const slash = text.indexOf('/')
  const [addressText, suffix] = slash < 0 ? [text, ''] : [text.slice(0, slash), text.slice(slash)]
  if (text.trim() === '')
    throw new MalformedError('write a CIDR, as in "10.0.0.0/8", or remove the empty item')
  const address = parseAddress(addressText, suffix || '/8')
  const { bits, label } = FAMILIES[address.family]
  if (suffix === '') throw new MalformedError(`add the prefix length, as in "${text}/${bits}"`)
  const length = parseDecimal(suffix.slice(1))
  if (length === undefined || length > bits)
    throw new MalformedError(`write a prefix length from 0 to ${bits} for ${label}`)
  return { address, length }
}

/** A prefix that our own code contains. */
export function prefixOf(text: string): Prefix {
  const prefix = readPrefix(text)
  if (!prefix) throw new Error(`"${text}" is not a prefix`)
  return prefix
}

export function subnetOf(address: Address, length: number): Prefix {
  return { family: address.family, digits: firstDigits(digitsOf(address), length), length }
}

export function includesAddress(prefix: Prefix, address: Address): boolean {
  return prefix.family === address.family && subnetOf(address, prefix.length).digits === prefix.digits
}

/** The first address of the subnet of this length, in which all bits beyond it are 0. */
function firstDigits(digits: string, length: number): string {
  const kept = length >> 2
  if (kept === digits.length) return digits
  // The digit through which the border runs.
  const digit = Number.parseInt(digits.charAt(kept), 16) & ~(15 >> (length & 3))
  return digits.slice(0, kept) + digit.toString(16) + ZEROS.slice(0, digits.length - kept - 1)
}

export function formatPrefix({ digits, length }: Prefix): string {
  return `${formatAddress(addressOf(digits))}/${length}`
}
