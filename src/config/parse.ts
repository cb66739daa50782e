import type * as z from 'zod/mini'
import { quote } from '../cni/error'
import { isObject, type JsonObject } from '../cni/json'
import { readLongList } from '../policy/long-list'
import type { Prefix } from '../policy/prefix'
import { type Fault, type Refuse, raise } from './fault'
import { FOREIGN_KEYS, isForeignKey } from './foreign-keys'
import { type Config, KEYS, type OwnConfig } from './keys'
import { nearest } from './nearest'
import { neighbourAdvice } from './neighbour-keys'
import { formatPath, type Path } from './path'
import { ignoredPodListsIn, podPart } from './pod-lists'
import { podSchema, schema } from './schema'

/**
 * Parses our part of the config. An unknown key is most often a typo, and a typo in a list of exemptions cuts off pods.
 * In the result, a key that was refused has its default.
 */
export function parseConfig(config: JsonObject, refuse: Refuse = raise): Config {
  for (const unknown of Object.keys(config)) {
    if (Object.hasOwn(KEYS, unknown) || isForeignKey(unknown)) continue
    const near = quote(nearest(unknown, [...Object.keys(KEYS), ...FOREIGN_KEYS]))
    const advice = neighbourAdvice(unknown) ?? `unknown key; write ${near} if that is meant, or remove it`
    const message = `Cannot use ${unknown} ${quote(config[unknown])}: ${advice}`
    refuse({ reason: 'unsupportedKey', path: [unknown], message })
  }
  // The schema would take long for a list of thousands. It is needed only for the message if a prefix is wrong.
  const long = readLongList(config.nonMasqueradeCIDRs)
  const rest = long ? { ...config, nonMasqueradeCIDRs: [] } : config
  // A row's schema gives the type that the row's kind has.
  const own = parseWith(schema, rest, { refuse }) as OwnConfig
  const [podCIDRs, ignoredPodLists] = [parsePodCIDRs(config, refuse), ignoredPodListsIn(config)]
  return {
    ...own,
    ...(long && { nonMasqueradeCIDRs: long }),
    ...(podCIDRs && { podCIDRs }),
    ...(ignoredPodLists.length > 0 && { ignoredPodLists }),
  }
}

/** The pod's own list, if the runtime sends one. */
export function parsePodCIDRs(config: JsonObject, refuse: Refuse = raise): Prefix[] | undefined {
  const { runtimeConfig, args } = parseWith(podSchema, podPart(config, refuse), { refuse })
  return runtimeConfig?.nonMasqueradeCIDRs ?? args?.cni?.nonMasqueradeCIDRs
}

interface Reading {
  /** A file; in a message it comes before the path. */
  readonly place?: string
  readonly refuse?: Refuse
}

/** Parses a value with a schema. Each issue becomes a fault, and a key with an issue is left out of the result. */
export function parseWith<S extends z.ZodMiniType>(
  parser: S,
  value: unknown,
  { place = '', refuse = raise }: Reading = {},
): z.output<S> {
  const result = parser.safeParse(value)
  if (result.success) return result.data
  const faults = result.error.issues.flatMap((issue) => faultsOf(issue, value, place))
  for (const fault of faults) refuse(fault)
  const wrong = new Set(faults.map(({ path: [key] }) => key))
  const rest = Object.entries(isObject(value) ? value : {}).filter(([key]) => !wrong.has(key))
  return parser.parse(Object.fromEntries(rest))
}

function faultsOf(issue: z.core.$ZodIssue, value: unknown, place: string): Fault[] {
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [key]) : [[]]
  const advice = issue.message.split('\n')
  return unknown.map((key, i) => {
    const path = [...issue.path, ...key].map((part) => (typeof part === 'number' ? part : String(part)))
    const where = [place, formatPath(path)].filter((part) => part !== '').join(': ')
    // A whole config or file is not quoted, because most of it is right.
    const quoted = path.length > 0 ? ` ${quote(valueAt(value, path))}` : ''
    return { reason: 'invalidConfig', path, message: `Cannot use ${where}${quoted}: ${advice[i]}` }
  })
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, part) => Object(inner)[part], value)
}
