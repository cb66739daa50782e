import type { JsonObject } from '../cni/json'
import { MalformedError } from '../policy/address'
import { type Prefix, parsePrefix } from '../policy/prefix'
import { isForeignKey } from './foreign-keys'
import type { Config } from './schema'

/**
 * A config that is valid beyond doubt, read without the schema: loading that takes 1 ms of an ADD's 10, and of the
 * STATUS that containerd asks for every 5 s. Undefined says nothing: then the schema reads it, or words the error. A
 * test holds every answer against the schema's.
 */
export function parsePlain(config: JsonObject): Config | undefined {
  const {
    nonMasqueradeCIDRs: list,
    masqLinkLocal = false,
    masqLinkLocalIPv6 = false,
    randomFully = true,
    backend = 'auto',
  } = config
  const cidrs = list === undefined ? [] : parsePrefixes(list)
  const isPlain = Object.keys(config).every((key) => PLAIN_KEYS.has(key) || isForeignKey(key))
  if (!isPlain || !cidrs || (backend !== 'auto' && backend !== 'nftables')) return undefined
  if (!isFlag(masqLinkLocal) || !isFlag(masqLinkLocalIPv6) || !isFlag(randomFully)) return undefined
  const rest = { masqLinkLocal, masqLinkLocalIPv6, randomFully, backend } as const
  return list === undefined ? rest : { nonMasqueradeCIDRs: cidrs, ...rest }
}

const PLAIN_KEYS: ReadonlySet<string> = new Set([
  'nonMasqueradeCIDRs',
  'masqLinkLocal',
  'masqLinkLocalIPv6',
  'randomFully',
  'backend',
])

function isFlag(value: unknown): value is boolean {
  return typeof value === 'boolean'
}

function parsePrefixes(list: unknown): Prefix[] | undefined {
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string')) return undefined
  try {
    return list.map(parsePrefix)
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}
