import type { Family } from './address'
import { MalformedError } from './address-text'
import { parseDecimal } from './digits'
import { addPrefix, hostBits, type Packed } from './packed'
import { parsePrefix } from './prefix'

/**
 * Adds the prefixes of a list. Those of an unusual form are read by `parsePrefix`, which throws where one is wrong.
 *
 * An interpreter pays for each step: looking at one character takes 500 instructions, a call of a function 350, an
 * expression that matches a prefix 10,000. So the engine's own functions cut the texts: `10.1.2.0/24` after two octets,
 * `2001:db8:1::/48` after two groups and before `::/`. Neighbours in a list mostly begin in the same way (`head`), and
 * what follows occurs often.
 */
export function addTexts(texts: readonly string[], { ip, ip6 }: Readonly<Record<Family, Packed>>): void {
  const { firsts, lasts, upper } = ip
  const { firsts: firsts6, lasts: lasts6, lower } = ip6
  const [starts, ends, numbers, hosts] = [createTable(), createTable(), createTable(), createTable()]
  // No prefix begins or ends in this way.
  let [head, head6, end6] = ['none', 'none', 'none']
  let [start, start6, host6] = [OTHER, OTHER, OTHER]
  for (const text of texts) {
    if (typeof text !== 'string') throw new MalformedError('not a text')
    let isIpv4 = text.startsWith(head)
    if (!isIpv4 && !text.startsWith(head6)) {
      const colon = text.indexOf(':')
      isIpv4 = colon < 0
      if (isIpv4) {
        head = text.slice(0, text.indexOf('.', text.indexOf('.') + 1) + 1)
        start = starts[head] ?? keep(starts, head, startOfIpv4(head, numbers))
      } else {
        head6 = text.slice(0, text.indexOf(':', colon + 1) + 1)
        start6 = starts[head6] ?? keep(starts, head6, startOfIpv6(head6))
      }
    }
    if (isIpv4) {
      const rest = text.slice(head.length)
      const both = ends[rest] ?? keep(ends, rest, endsOfIpv4(rest, numbers))
      if (start !== OTHER && both !== OTHER) {
        const { used } = ip
        firsts[used + upper] = start + (both & 0xffff)
        lasts[used + upper] = start + (both >>> 16)
        ip.used = used + 2
        continue
      }
    } else {
      if (host6 === OTHER || !text.endsWith(end6)) {
        end6 = text.slice(text.indexOf('::/'))
        host6 = hosts[end6] ?? keep(hosts, end6, hostOfIpv6(end6))
      }
      const gap = text.length - end6.length
      // If there are no groups in between, "::" begins with the end of the head.
      let word = gap < head6.length ? 0 : valueOfGroup(text.slice(head6.length, gap)) * 0x10000
      if (!(word >= 0)) word = valueOfTwo(text.slice(head6.length, gap))
      if (start6 !== OTHER && host6 !== OTHER && word >= 0 && (word & host6) === 0) {
        const { used } = ip6
        firsts6[used + upper] = start6
        firsts6[used + lower] = word
        lasts6[used + upper] = start6
        lasts6[used + lower] = word + host6
        ip6.used = used + 2
        continue
      }
    }
    const prefix = parsePrefix(text)
    addPrefix(prefix.family === 'ip' ? ip : ip6, prefix)
  }
}

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
