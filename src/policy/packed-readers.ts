import { parseDecimal } from './digits'
import { hostBits, type Packed } from './packed'

/** Adds a prefix that has the form of most prefixes in lists of thousands; returns false for any other text. */
export type Reader = (text: string) => boolean

/** What was read of each part of a text; undefined for a part that has not occurred yet. The object inherits nothing. */
type Table = Record<string, number | undefined>

function createTable(): Table {
  return Object.create(null)
}

function keep(table: Table, part: string, value: number): number {
  table[part] = value
  return value
}

/** The value of a text that is not of the form. */
const OTHER = -1

/**
 * An interpreter pays for each step: looking at one character takes 500 instructions, an expression that matches a prefix
 * 10,000. So the engine's own functions cut `10.1.2.0/24` in two. Neighbours in a list mostly begin with the same two
 * octets, and what follows them occurs often.
 */
export function ipv4Reader(packed: Packed): Reader {
  const { firsts, lasts, upper } = packed
  const [starts, ends, numbers] = [createTable(), createTable(), createTable()]
  let [head, start] = ['none', OTHER]
  return (text) => {
    if (!text.startsWith(head)) {
      head = text.slice(0, text.indexOf('.', text.indexOf('.') + 1) + 1)
      start = starts[head] ?? keep(starts, head, startOfIpv4(head, numbers))
    }
    const rest = text.slice(head.length)
    const both = ends[rest] ?? keep(ends, rest, endsOfIpv4(rest, numbers))
    if (start === OTHER || both === OTHER) return false
    const { used } = packed
    firsts[used + upper] = start + (both & 0xffff)
    lasts[used + upper] = start + (both >>> 16)
    packed.used = used + 2
    return true
  }
}

/** The address that begins with `10.1.`. */
function startOfIpv4(text: string, numbers: Table): number {
  const dot = text.indexOf('.')
  const [first, second] = [octetOf(text.slice(0, dot), numbers), octetOf(text.slice(dot + 1, -1), numbers)]
  return first === OTHER || second === OTHER ? OTHER : (first * 0x100 + second) * 0x10000
}

/**
 * The lower 16 bits of the first address in `2.0/24`, and above them those of the last one. A prefix shorter than 16 bits
 * may have host bits in the upper half.
 */
function endsOfIpv4(text: string, numbers: Table): number {
  const [dot, slash] = [text.indexOf('.'), text.indexOf('/')]
  if (dot < 0 || slash < 0) return OTHER
  const [third, fourth] = [octetOf(text.slice(0, dot), numbers), octetOf(text.slice(dot + 1, slash), numbers)]
  const length = octetOf(text.slice(slash + 1), numbers)
  if (third === OTHER || fourth === OTHER || length < 16 || length > 32) return OTHER
  const [first, host] = [third * 0x100 + fourth, hostBits(length)]
  return (first & host) === 0 ? first + (first + host) * 0x10000 : OTHER
}

function octetOf(text: string, numbers: Table): number {
  return numbers[text] ?? keep(numbers, text, numberOf(text))
}

/** A number up to 255, or OTHER. */
function numberOf(text: string): number {
  const number = parseDecimal(text) ?? OTHER
  return number <= 255 ? number : OTHER
}

/** Cuts `2001:db8:1::/48` after two groups and before `::/`. One or two groups may be in between, or none. */
export function ipv6Reader(packed: Packed): Reader {
  const { firsts, lasts, upper, lower } = packed
  const [starts, ends] = [createTable(), createTable()]
  let [head, start] = ['none', OTHER]
  return (text) => {
    if (!text.startsWith(head)) {
      head = text.slice(0, text.indexOf(':', text.indexOf(':') + 1) + 1)
      start = starts[head] ?? keep(starts, head, startOfIpv6(head))
    }
    const gap = text.indexOf('::/')
    const end = text.slice(gap)
    const host = ends[end] ?? keep(ends, end, hostOfIpv6(end))
    // If there are no groups in between, "::" begins with the end of the head.
    const groups = text.slice(head.length, gap)
    let word = gap < head.length ? 0 : valueOfGroup(groups) * 0x10000
    if (!(word >= 0)) word = valueOfTwo(groups)
    if (start === OTHER || gap < 0 || host === OTHER || !(word >= 0) || (word & host) !== 0) return false
    const { used } = packed
    firsts[used + upper] = start
    firsts[used + lower] = word
    lasts[used + upper] = start
    lasts[used + lower] = word + host
    packed.used = used + 2
    return true
  }
}

/** The upper word of an address that begins with `2001:db8:`. */
function startOfIpv6(text: string): number {
  const word = valueOfTwo(text.slice(0, -1))
  return word >= 0 ? word : OTHER
}

/** The host bits that `::/48` leaves in the second word of an address. A shorter prefix has some in the first word too. */
function hostOfIpv6(text: string): number {
  const length = numberOf(text.slice(3))
  return length >= 32 && length <= 64 ? hostBits(length - 32) : OTHER
}

/** The word that consists of `1:2`. */
function valueOfTwo(groups: string): number {
  const colon = groups.indexOf(':')
  return valueOfGroup(groups.slice(0, colon)) * 0x10000 + valueOfGroup(groups.slice(colon + 1))
}

/** NaN for a text that is no group. A digit is put behind it, because `Number` ignores white space at the end. */
function valueOfGroup(text: string): number {
  return text.length > 0 && text.length <= 4 ? Number(`0x${text}0`) / 16 : Number.NaN
}
