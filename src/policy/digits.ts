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
