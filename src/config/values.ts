import * as z from 'zod/mini'
import { MalformedError } from '../policy/address-text'
import { parseInterface } from '../policy/interface'
import { parsePorts } from '../policy/ports'
import { parseAddressOrPrefix, parsePrefix } from '../policy/prefix'
import { parseNamespacePattern } from './namespaces'
import { nearest } from './nearest'

/**
 * The kinds of values that keys have. Each message tells what to write instead; `parse.ts` puts the path and the value
 * before it. This uses `zod/mini`, because it loads in a fifth of the time of `zod`.
 */

/**
 * Text that one of our own parsers reads; the operator sees what it throws. `pattern` is for editors, which get it in the
 * JSON Schema: it accepts everything that the parser accepts, and some more.
 */
export function text<T>(parse: (text: string) => T, advice: string, pattern: string) {
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

export function choice({ choices }: { readonly choices: readonly string[] }) {
  const quoted = choices.map((one) => `"${one}"`)
  const last = quoted.pop()
  return z.enum(choices, `write ${quoted.join(', ')} or ${last}`)
}

const CIDR_ADVICE = 'write a CIDR as a string, as in "10.0.0.0/8"'
const CIDR_PATTERN = '^[0-9a-fA-F.:]+/[0-9]{1,3}$'

/** The part of a row of `keys.ts` that is about a list, apart from its kind. */
export interface ListRow {
  readonly isNeverEmpty?: true
  /** The end of the advice: what may be written instead of a list. Absent: the key may be left out. */
  readonly end?: string
}

/** The end of the advice for a list. A list that must not be empty limits something. */
function endOf({ isNeverEmpty, end }: ListRow): string {
  return end ?? (isNeverEmpty ? 'or leave the key out for all' : 'or leave the key out')
}

export function cidrs(row: ListRow) {
  const end = endOf(row)
  const advice = `write a list of CIDRs, as in ["10.0.0.0/8", "fd00::/8"], ${end}`
  const list = z.array(text(parsePrefix, CIDR_ADVICE, CIDR_PATTERN), advice)
  return row.isNeverEmpty ? list.check(z.minLength(1, `write at least one CIDR, ${end}`)) : list
}

/** CIDRs as Windows reads them: an address alone is one too. */
export const windowsCidrs = z.array(
  text(parseAddressOrPrefix, CIDR_ADVICE, '^[0-9a-fA-F.:]+(/[0-9]{1,3})?$'),
  'write a list of CIDRs, as in ["10.0.0.0/8", "fd00::/8"], or leave the key out',
)

export const ports = text(
  parsePorts,
  'write ports as a string, as in "1024-29999,32768-65535"',
  '^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$',
)

export function interfaces(row: ListRow) {
  const end = endOf(row)
  const advice = `write a list of interfaces, as in ["eth0", "bond+"], ${end}`
  const item = text(
    parseInterface,
    'write an interface as a string, as in "eth0" or "bond+"',
    '^[^/:"+*\\\\\\s]{1,15}[+*]?$',
  )
  const list = z.array(item, advice)
  return row.isNeverEmpty ? list.check(z.minLength(1, advice)) : list
}

export function namespaces(row: ListRow) {
  const end = endOf(row)
  const item = text(
    parseNamespacePattern,
    'write a namespace as a string, as in "kube-system" or "team-*"',
    '^[a-z0-9-]*[*]?$',
  )
  const list = z.array(item, `write a list of namespaces, as in ["shop", "team-*"], ${end}`)
  return row.isNeverEmpty ? list.check(z.minLength(1, `write at least one namespace, ${end}`)) : list
}

const path = z
  .string('write an absolute path')
  .check(z.regex(/^\//, 'write an absolute path, as in "/etc/config/ip-masq-agent"'))

export const paths = z.array(path, 'write a list of paths, as in ["/etc/config/*"], or leave the key out')

const FLANNEL_ADVICE = 'write true for /run/flannel/subnet.env, an absolute path, or false'

export const flannelFile = z.union([flag, z.string().check(z.regex(/^\//, FLANNEL_ADVICE))], FLANNEL_ADVICE)

export const LOG_FILE_ADVICE = 'write an absolute path that ends in ".log", as in "/var/log/ip-masq.log"'

export const logFile = z.string(LOG_FILE_ADVICE).check(z.regex(/^\/[\s\S]*\.log$/, LOG_FILE_ADVICE))

/** An object with these keys and no others. The message about unknown keys has one line for each of them, in their order. */
export function closed<S extends z.core.$ZodLooseShape>(shape: S, advice: string) {
  return z.strictObject(shape, {
    error: ({ code, keys }) => {
      if (code !== 'unrecognized_keys') return advice
      const unknown: readonly unknown[] = Array.isArray(keys) ? keys : []
      return unknown
        .map((key) => nearest(String(key), Object.keys(shape)))
        .map((near) => `unknown key; write "${near}" if that is meant, or remove it`)
        .join('\n')
    },
  })
}
