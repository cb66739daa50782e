import { digitsOfGroups, parseDecimal, ZEROS } from './digits'
import { type Prefix, parsePrefix, prefixUnlessHost, readPrefix } from './prefix'

/**
 * `parsePrefix` for a list of this length. An interpreter pays for each step: looking at one character takes 500
 * instructions, an expression that matches a prefix 10,000. So the engine's own functions split the two forms that lists
 * of thousands consist of, and what prefixes have in common is read once: each half of `10.1.2.0/24`, the first two
 * groups and the length of `2001:db8:1::/48`. Everything else is left to `parsePrefix`, and so are short lists, whose
 * prefixes have little in common.
 */
export function prefixParser(count: number): (text: string) => Prefix {
  if (count <= FEW) return parsePrefix
  const [parseIpv4, parseIpv6] = [ipv4Parser(), ipv6Parser()]
  return (text) => {
    const dot = text.indexOf('.')
    return (dot < 0 ? parseIpv6(text) : parseIpv4(text, dot)) ?? parsePrefix(text)
  }
}

const FEW = 32

/** The result of reading each part of a text; undefined for a part that has not occurred yet. The object inherits nothing. */
type Table<T> = Record<string, T | undefined>

function createTable<T>(): Table<T> {
  return Object.create(null)
}

function keep<T>(table: Table<T>, part: string, value: T | undefined): T | undefined {
  table[part] = value
  return value
}

/**
 * Splits two octets, and two with a length of 16 or more: then both halves are right, or the prefix is not. `dot` is the
 * first dot's position.
 */
function ipv4Parser(): (text: string, dot: number) => Prefix | undefined {
  const starts = createTable<string>()
  const ends = createTable<Prefix>()
  return (text, dot) => {
    const middle = text.indexOf('.', dot + 1)
    const start = text.slice(0, middle)
    const end = text.slice(middle + 1)
    const digits = starts[start] ?? keep(starts, start, startOf(start))
    const rest = ends[end] ?? keep(ends, end, endOf(end))
    if (digits === undefined || rest === undefined) return undefined
    return { family: 'ip', digits: digits + rest.digits, length: rest.length }
  }
}

/** Converts `10.1` to `0a01`. An IPv6 address may end in octets too. */
function startOf(text: string): string | undefined {
  const prefix = readPrefix(`${text}.0.0/32`)
  return prefix?.family === 'ip' ? prefix.digits.slice(0, 4) : undefined
}

/** Converts `2.0/24` to the digits `0200` and the length. A shorter prefix may have host bits in the first half. */
function endOf(text: string): Prefix | undefined {
  const prefix = readPrefix(`0.0.${text}`)
  return prefix && prefix.length >= 16 ? { ...prefix, digits: prefix.digits.slice(4) } : undefined
}

/**
 * Splits two groups, perhaps more, `::` and a length. If the length does not end within the groups, there are no host
 * bits.
 */
function ipv6Parser(): (text: string) => Prefix | undefined {
  const starts = createTable<string>()
  const lengths = createTable<number>()
  return (text) => {
    const gap = text.indexOf('::/')
    const middle = text.indexOf(':', text.indexOf(':') + 1)
    if (gap < 0 || gap < middle || gap === middle + 1) return undefined
    const start = text.slice(0, middle)
    const end = text.slice(gap + 3)
    const digits = starts[start] ?? keep(starts, start, digitsOfGroups(start, false))
    const others = gap === middle ? '' : digitsOfGroups(text.slice(middle + 1, gap), false)
    const length = lengths[end] ?? keep(lengths, end, parseDecimal(end))
    if (digits === undefined || others === undefined || length === undefined) return undefined
    return prefixOfGroups(digits + others, length)
  }
}

function prefixOfGroups(groups: string, length: number): Prefix | undefined {
  // "::" replaces at least one group. IPv4-mapped addresses begin with zeros.
  if (groups.length > 28 || groups < '0001' || length > 128) return undefined
  const digits = groups + ZEROS.slice(groups.length)
  return length < 4 * groups.length
    ? prefixUnlessHost('ip6', digits, length)
    : { family: 'ip6', digits, length }
}
