import type { JsonObject } from '../cni/json'
import type { InterfaceAddress, Prefix } from '../policy/prefix'
import type { Range } from '../policy/range'
import type { Settings } from './intent'
import { formatPath, type Path } from './path'
import type { Where } from './places'

/** The config that decides for one pod, and the place where it is written. */
export interface PodConfig {
  readonly settings: Settings
  /** The plugin's config as it is written, with the pod's own lists where it has some. */
  readonly raw: JsonObject
  /** The place of `raw`: the plugin with number `index` in a conflist, or a file of its own. Absent where it is not known. */
  readonly at?: { readonly file: string; readonly index?: number }
  /** Empty where the namespace is not known. */
  readonly namespace: string
  readonly ips: readonly InterfaceAddress[]
}

/** A prefix, what happens to destinations in it, and who decided that. */
export interface Reason {
  readonly prefix: Prefix
  readonly verdict: 'exempt' | 'masqueraded'
  readonly cause: Cause
  /** The place where it is written. Absent if nobody wrote it, and for the pod's own list, which the runtime sends. */
  readonly where?: Where
  /** The source of masqueraded packets; absent: the address of the outgoing interface. */
  readonly source?: Source
}

/**
 * The kind of a cause. `key`: the plugin's config. `file`: a file that it names. `pod`: the list that the runtime sends
 * for the pod. `default`: the list that `nonMasqueradeDefaults` chooses. `builtIn`: exempt whatever the config says.
 * `subnet`: the pod's own. `rest`: nothing else applies.
 */
export type CauseKind = 'key' | 'file' | 'pod' | 'default' | 'builtIn' | 'subnet' | 'rest'

export interface Cause {
  readonly kind: CauseKind
  /** `nonMasqueradeCIDRs[1]`, or a few words. */
  readonly text: string
}

export interface Source {
  readonly range: Range
  /** `snatTo.ipv4`, `policies[0].Value.VirtualIP` */
  readonly key: string
  readonly where?: Where
}

/** The cause for a value of the plugin's config. */
export function ofKey({ at }: PodConfig, path: Path): { readonly cause: Cause; readonly where?: Where } {
  const cause: Cause = { kind: 'key', text: formatPath(path) }
  return at ? { cause, where: { ...whereIn(at, path) } } : { cause }
}

function whereIn({ file, index }: NonNullable<PodConfig['at']>, path: Path): Where {
  return { file, path: index === undefined ? path : ['plugins', index, ...path], form: 'json' }
}

/** The cause for a value of a file that the config names. */
export function ofFile(
  file: string,
  path: Path,
  form: Where['form'],
): { readonly cause: Cause; readonly where: Where } {
  return { cause: { kind: 'file', text: formatPath(path) }, where: { file, path, form } }
}
