import * as z from 'zod/mini'
import { quote } from '../cni/error'
import { isObject, type JsonObject } from '../cni/json'
import { readLongList } from '../policy/long-list'
import type { Prefix } from '../policy/prefix'
import type { Prefixes } from '../policy/prefixes'
import { type Fault, type Refuse, raise } from './fault'
import { isTypo, nearest } from './nearest'
import { parseWith } from './parse'
import { parseTextValues } from './text-value'
import { cidrs, closed, flag } from './values'
import type { YamlDocument } from './yaml'

/** A file written for ip-masq-agent. */
export interface AgentFile {
  /** Absent if the file does not have it: then the default list counts. */
  readonly nonMasqueradeCIDRs?: Prefixes | undefined
  /** A key of Tencent's agent: pods with these addresses of their own are not masqueraded. */
  readonly nonMasqueradeSrcCIDRs?: readonly Prefix[] | undefined
  readonly masqLinkLocal: boolean
  readonly masqLinkLocalIPv6: boolean
  /** Keys that have no meaning here. */
  readonly ignored: readonly string[]
}

const ADVICE = 'write keys and values, as in "nonMasqueradeCIDRs: [10.0.0.0/8]"'

const agentSchema = closed(
  {
    nonMasqueradeCIDRs: z.optional(cidrs({ end: '[] to exempt none, or leave the key out for the default' })),
    nonMasqueradeSrcCIDRs: z.optional(cidrs({ end: '[] for none, or leave the key out' })),
    masqLinkLocal: z._default(flag, false),
    masqLinkLocalIPv6: z._default(flag, false),
    resyncInterval: z.optional(z.unknown()),
    cidrLimit: z.optional(z.unknown()),
  },
  ADVICE,
)

/** `place` names the file in messages. An empty file holds null, as it does for ip-masq-agent. */
export async function parseAgentFile(
  text: string,
  place: string,
  refuse: Refuse = raise,
): Promise<AgentFile> {
  const documents = await readDocuments(text, place, refuse)
  if (documents.length > 1) refuse(fault(place, 'it has several documents; keep one'))
  const { value, placeOf } = documents[0] ?? { value: null, placeOf: () => undefined }
  return parseAgentConfig(value ?? {}, { place, placeOf, refuse })
}

/** The place where a value was read. */
export interface Origin {
  readonly place: string
  readonly placeOf: (key: string) => string | undefined
  readonly refuse?: Refuse
}

/** Parses a text that has been read already. */
export function parseAgentConfig(written: unknown, { place, placeOf, refuse = raise }: Origin): AgentFile {
  const value = withKnownSpelling(written)
  // The value is the whole file, and may be somebody else's secret, so it is not quoted.
  if (!isObject(value)) refuse(fault(place, ADVICE))
  const object = isObject(value) ? value : {}
  const known: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(object)) {
    if (Object.hasOwn(agentSchema.shape, key)) {
      known[key] = item
      continue
    }
    const [at, wrapping] = [placeOf(key), misplaced(object, key)]
    const where = at === undefined ? '' : `${at}: `
    refuse({ ...fault(place, `${where}${wrapping ?? unknownKey(key)}`), path: [key] })
    // In that case none of the other keys is one of the agent's either.
    if (wrapping !== undefined) break
  }
  const long = readLongList(known.nonMasqueradeCIDRs)
  const others = long ? { ...known, nonMasqueradeCIDRs: [] } : known
  const { resyncInterval, cidrLimit, ...rest } = parseWith(agentSchema, others, { place, refuse })
  const ignored = Object.entries({ resyncInterval, cidrLimit }).filter(([, item]) => item !== undefined)
  return { ...rest, ...(long && { nonMasqueradeCIDRs: long }), ignored: ignored.map(([key]) => key) }
}

/** Recognises files with the right content in the wrong wrapping: the advice to write another key would be wrong. */
function misplaced(value: JsonObject, key: string): string | undefined {
  const { kind, apiVersion, [key]: inner } = value
  if (typeof kind === 'string' && typeof apiVersion === 'string') {
    return 'it is a Kubernetes manifest; name a file that has only the data of the ConfigMap, or run ip-masq convert on the manifest'
  }
  const text = typeof inner === 'string' ? inner.toLowerCase() : ''
  const keys = isObject(inner) ? Object.keys(inner).map((one) => one.toLowerCase()) : []
  const isInside = Object.keys(agentSchema.shape).some(
    (own) => keys.includes(own.toLowerCase()) || text.includes(`${own.toLowerCase()}:`),
  )
  if (!isInside) return undefined
  return text === ''
    ? `the config is one level too deep, below ${quote(key)}; write its keys at the top`
    : `the config is the text below ${quote(key)}, as in a ConfigMap; write only that text`
}

/** Refuses an unknown key, and names it only if it is nearly one of ours. */
function unknownKey(key: string): string {
  const near = nearest(key, Object.keys(agentSchema.shape))
  if (near.toLowerCase() === key.toLowerCase()) {
    return `the file already has ${near} in another spelling; keep one of the two`
  }
  if (isTypo(key, near)) return `unknown key "${key}"; write "${near}" if that is meant, or remove it`
  return `ip-masq-agent has no such key; its keys are ${Object.keys(agentSchema.shape).join(', ')}`
}

function fault(place: string, reason: string): Fault {
  return { reason: 'invalidConfig', path: [], message: `Cannot use ${place}: ${reason}` }
}

/**
 * ip-masq-agent reads keys in any case, and Azure's merger for it writes them all in lower case. If a key is there in two
 * spellings, both are kept, and the second one is unknown.
 */
function withKnownSpelling(value: unknown): unknown {
  if (!isObject(value)) return value
  const used = new Set(Object.keys(value))
  const spell = (key: string) => {
    const name = Object.keys(agentSchema.shape).find((one) => one.toLowerCase() === key.toLowerCase())
    if (name === undefined || used.has(name)) return key
    used.add(name)
    return name
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [spell(key), item]))
}

async function readDocuments(text: string, place: string, refuse: Refuse): Promise<readonly YamlDocument[]> {
  try {
    return await parseTextValues(text)
  } catch (error) {
    const said = error instanceof Error ? error.message : ''
    refuse(fault(place, `it cannot be read as JSON or YAML: ${said}`))
    return []
  }
}

/** Whether a config of ip-masq-agent has this key, in any case. */
export function isAgentKey(key: string): boolean {
  return Object.keys(agentSchema.shape).some((one) => one.toLowerCase() === key.toLowerCase())
}

export function hasAgentKey(value: unknown): boolean {
  return isObject(value) && Object.keys(value).some(isAgentKey)
}
