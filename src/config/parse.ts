import type * as z from 'zod/mini'
import { CniError, quote } from '../cni/error'
import type { JsonObject } from '../cni/json'
import type { Prefix } from '../policy/prefix'
import { FOREIGN_KEYS, isForeignKey } from './foreign-keys'
import { type Config, KEYS, type OwnConfig } from './keys'
import { nearest } from './nearest'
import { neighbourAdvice } from './neighbour-keys'
import { ignoredPodListsIn, podPart } from './pod-lists'
import { podSchema, schema } from './schema'

/** Our part of the config. An unknown key is most often a typo, and a typo in a list of exemptions cuts off pods. */
export function parseConfig(config: JsonObject): Config {
  const unknown = Object.keys(config).find((key) => !Object.hasOwn(KEYS, key) && !isForeignKey(key))
  if (unknown !== undefined) {
    const near = quote(nearest(unknown, [...Object.keys(KEYS), ...FOREIGN_KEYS]))
    const advice = neighbourAdvice(unknown) ?? `unknown key; write ${near} if that is meant, or remove it`
    throw new CniError('unsupportedKey', `Cannot use ${unknown} ${quote(config[unknown])}: ${advice}`)
  }
  // A row's schema makes of a value what the type says of the row's kind.
  const own = parseWith(schema, config, '') as OwnConfig
  const [podCIDRs, ignoredPodLists] = [parsePodCIDRs(config), ignoredPodListsIn(config)]
  return {
    ...own,
    ...(podCIDRs && { podCIDRs }),
    ...(ignoredPodLists.length > 0 && { ignoredPodLists }),
  }
}

/** The pod's own list, if the runtime sends one. */
export function parsePodCIDRs(config: JsonObject): Prefix[] | undefined {
  const { runtimeConfig, args } = parseWith(podSchema, podPart(config), '')
  return runtimeConfig?.nonMasqueradeCIDRs ?? args?.cni?.nonMasqueradeCIDRs
}

/** What a schema makes of a value; the first issue becomes the error. `place` comes before its path: a file. */
export function parseWith<S extends z.ZodMiniType>(parser: S, value: unknown, place: string): z.output<S> {
  const result = parser.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : []
  const path = [...(issue?.path ?? []), ...unknown]
  const where = [place, renderPath(path)].filter((part) => part !== '').join(': ')
  // The whole of a config or file is not quoted: most of it is not what is wrong.
  const quoted = path.length > 0 ? ` ${quote(valueAt(value, path))}` : ''
  throw new CniError('invalidConfig', `Cannot use ${where}${quoted}: ${issue?.message}`)
}

/** `nonMasqueradeCIDRs[1]`, as a reader would look for it. */
function renderPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i ? '.' : ''}${String(part)}`))
    .join('')
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, part) => Object(inner)[part], value)
}
