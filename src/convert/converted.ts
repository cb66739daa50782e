import type { JsonObject } from '../cni/json'

/** Our config, as an operator would write it, and what an operator should know of it. */
export interface Converted {
  readonly plugin: JsonObject
  readonly notes: readonly string[]
}
