import * as z from 'zod/mini'
import { FAMILIES, type Family, MalformedError, parseAddress } from '../policy/address'
import { parseInterface } from '../policy/interface'
import { parsePorts } from '../policy/ports'
import { parseAddressOrPrefix, prefixOf, prefixParser } from '../policy/prefix'
import { type Range, rangeBetween, rangeOf } from '../policy/range'
import { parseNamespacePattern } from './namespaces'
import { nearest } from './nearest'

/**
 * The kinds of values that keys have. Each message says what to write instead; `parse.ts` puts the path and the value
 * before it. `zod/mini` because it loads in a fifth of the time of `zod`.
 */

/**
 * Text that one of our own parsers reads; what it throws is what the operator is told. `pattern` is for editors, by way
 * of the JSON Schema: it lets through all that the parser takes, and some more.
 */
function text<T>(parse: (text: string) => T, advice: string, pattern: string) {
  return z.pipe(
    z.string(advice).register(z.globalRegistry, { pattern }),
    z.transform((input, context): T => {
      try {
        return parse(input)
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error
        context.issues.push({ code: 'custom', message: error.message, input })
        return z.NEVER
      }
    }),
  )
}

export const flag = z.boolean('write true or false')

const CIDR_ADVICE = 'write a CIDR as a string, as in "10.0.0.0/8"'
const CIDR_PATTERN = '^[0-9a-fA-F.:]+/[0-9]{1,3}$'

/** Where the schema is loaded, two regular expressions more are nothing. */
const parseOfMany = prefixParser(Number.POSITIVE_INFINITY)

/** `end` says what may be written instead of a list. */
export function cidrs(end: string) {
  const advice = `write a list of CIDRs, as in ["10.0.0.0/8", "fd00::/8"], ${end}`
  return z.array(text(parseOfMany, CIDR_ADVICE, CIDR_PATTERN), advice)
}

/** As Windows reads them: an address alone is a CIDR too. */
export const windowsCidrs = z.array(
  text(parseAddressOrPrefix, CIDR_ADVICE, '^[0-9a-fA-F.:]+(/[0-9]{1,3})?$'),
  'write a list of CIDRs, as in ["10.0.0.0/8", "fd00::/8"], or leave the key out',
)

export const ports = text(
  parsePorts,
  'write ports as a string, as in "1024-29999,32768-65535"',
  '^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$',
)

const INTERFACES_ADVICE = 'write a list of interfaces, as in ["eth0", "bond+"], or leave the key out for all'

export const interfaces = z
  .array(
    text(
      parseInterface,
      'write an interface as a string, as in "eth0" or "bond+"',
      '^[^/:"+*\\\\\\s]{1,15}[+*]?$',
    ),
    INTERFACES_ADVICE,
  )
  .check(z.minLength(1, INTERFACES_ADVICE))

/** `end` as for `cidrs`. */
export function namespaces(end: string) {
  return z.array(
    text(
      parseNamespacePattern,
      'write a namespace as a string, as in "kube-system" or "team-*"',
      '^[a-z0-9-]*[*]?$',
    ),
    `write a list of namespaces, as in ["shop", "team-*"], ${end}`,
  )
}

/** `192.0.2.10`, or `192.0.2.10-192.0.2.13`. */
export function addressRange(family: Family, example: string) {
  const advice = `write ${FAMILIES[family].label} addresses, as in ${example}`
  return text(
    (input): Range => parseRange(input, family, advice),
    advice,
    '^[0-9a-fA-F.:]+(-[0-9a-fA-F.:]+)?$',
  )
}

function parseRange(input: string, family: Family, advice: string): Range {
  const ends = input.split('-').map((end) => parseAddress(end))
  const [first, last = first] = ends
  if (!first || !last || ends.length > 2) throw new MalformedError(advice)
  if (first.family !== family || last.family !== family) throw new MalformedError(advice)
  if (first.value > last.value) throw new MalformedError('write the lower address first')
  return requireUsable(rangeBetween(first, last))
}

/** An address as a source of packets. */
export const sourceAddress = text(
  (input) => {
    const parsed = parseAddress(input)
    requireUsable(rangeBetween(parsed, parsed))
    return parsed
  },
  'write an address, as in "192.0.2.10"',
  '^[0-9a-fA-F.:]+$',
)

function requireUsable(range: Range): Range {
  const unusable = UNUSABLE.find(
    (one) => one.family === range.family && one.first < range.end && range.first < one.end,
  )
  if (unusable) throw new MalformedError(`write addresses of the node's; ${unusable.what} is none`)
  return range
}

/** What no packet may have as its source outside of the node. */
const UNUSABLE = [
  { ...rangeOf(prefixOf('0.0.0.0/8')), what: 'an address in 0.0.0.0/8' },
  { ...rangeOf(prefixOf('127.0.0.0/8')), what: 'a loopback address' },
  { ...rangeOf(prefixOf('224.0.0.0/4')), what: 'a multicast address' },
  { ...rangeOf(prefixOf('255.255.255.255/32')), what: 'the broadcast address' },
  { ...rangeOf(prefixOf('::/96')), what: 'an address in ::/96' },
  { ...rangeOf(prefixOf('ff00::/8')), what: 'a multicast address' },
]

export const path = z
  .string('write an absolute path')
  .check(z.regex(/^\//, 'write an absolute path, as in "/etc/config/ip-masq-agent"'))

/** An object that has these keys and no others. */
export function closed<S extends z.core.$ZodLooseShape>(shape: S, advice: string) {
  return z.strictObject(shape, {
    error: ({ code, keys }) => {
      if (code !== 'unrecognized_keys') return advice
      const near = nearest(String(Array.isArray(keys) ? keys[0] : ''), Object.keys(shape))
      return `unknown key; write "${near}" if that is meant, or remove it`
    },
  })
}
