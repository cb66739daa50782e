import type { JsonObject } from '../cni/json'
import { parsePrefix } from '../policy/prefix'
import { isForeignKey } from './foreign-keys'

/**
 * Whether a config is valid beyond doubt. The schema takes 1 ms to load, and STATUS, which is asked for every 5 s, has
 * no use for what it makes of a config. False says nothing: then the schema decides, and words the error. A test
 * holds this against the schema.
 */
export function isPlainlyValid(config: JsonObject): boolean {
  return Object.entries(config).every(([key, value]) => isForeignKey(key) || PLAIN.get(key)?.(value) === true)
}

const isFlag = (value: unknown) => typeof value === 'boolean'

const PLAIN: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ['nonMasqueradeCIDRs', (value: unknown) => Array.isArray(value) && value.every(isPrefix)],
  ['masqLinkLocal', isFlag],
  ['masqLinkLocalIPv6', isFlag],
  ['randomFully', isFlag],
  ['backend', (value: unknown) => value === 'auto' || value === 'nftables'],
])

function isPrefix(value: unknown): boolean {
  try {
    return typeof value === 'string' && parsePrefix(value) !== undefined
  } catch {
    return false
  }
}
