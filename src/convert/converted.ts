import type { JsonObject } from '../cni/json'
import { formatPrefix, type Prefix } from '../policy/prefix'

/** Our config, as an operator would write it, and what an operator should know of it. */
export interface Converted {
  readonly plugin: JsonObject
  readonly notes: readonly string[]
}

/** Each prefix once, as an operator would write it. */
export function textsOf(prefixes: readonly Prefix[]): string[] {
  return [...new Set(prefixes.map(formatPrefix))]
}
