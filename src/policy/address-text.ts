import { type Address, addressOf, fromMapped, isMapped } from './address'
import { parseDigits } from './digits'

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
  if (length < 2) return wordGroups(groups, 0, groups.length)
  return `${wordGroups(groups, 0, start)}::${wordGroups(groups, start + length, groups.length)}`
}

/** Without functions for the steps, because a node may have thousands of addresses. */
function wordGroups(groups: readonly number[], from: number, to: number): string {
  let text = ''
  for (let i = from; i < to; i++) {
    if (i > from) text += ':'
    text += groups[i]?.toString(16)
  }
  return text
}

/** The eight groups of an IPv6 address. */
function groupsOf(value: bigint): number[] {
  const groups: number[] = []
  for (let shift = 96n; shift >= 0n; shift -= 32n) {
    const two = Number((value >> shift) & 0xffffffffn)
    groups.push(two >>> 16, two & 0xffff)
  }
  return groups
}

function longestRunOfZeros(groups: readonly number[]): { start: number; length: number } {
  let start = 0
  let longest = 0
  let length = 0
  for (let i = 0; i < groups.length; i++) {
    length = groups[i] === 0 ? length + 1 : 0
    if (length <= longest) continue
    start = i - length + 1
    longest = length
  }
  return { start, length: longest }
}

function formatQuad(value: bigint): string {
  const bits = Number(value)
  return `${bits >>> 24}.${(bits >>> 16) & 0xff}.${(bits >>> 8) & 0xff}.${bits & 0xff}`
}
