import * as z from 'zod/mini'
import { CniError } from '../cni/error'
import { isObject } from '../cni/json'
import type { Prefix } from '../policy/prefix'
import { parseWith } from './parse'
import { cidrs, closed, flag } from './values'

/** A file that is written for ip-masq-agent. */
export interface AgentFile {
  /** Absent where the file has none: then the default list stands. */
  readonly nonMasqueradeCIDRs?: readonly Prefix[] | undefined
  readonly masqLinkLocal: boolean
  readonly masqLinkLocalIPv6: boolean
  /** Keys that mean nothing here. */
  readonly ignored: readonly string[]
}

const agentSchema = closed(
  {
    nonMasqueradeCIDRs: z.optional(cidrs('[] to exempt none, or leave the key out for the default')),
    masqLinkLocal: z._default(flag, false),
    masqLinkLocalIPv6: z._default(flag, false),
    resyncInterval: z.optional(z.unknown()),
    cidrLimit: z.optional(z.unknown()),
  },
  'write keys and values, as in "nonMasqueradeCIDRs: [10.0.0.0/8]"',
)

/** `place` names the file in messages. */
export async function parseAgentFile(text: string, place: string): Promise<AgentFile> {
  return parseAgentConfig((await parseText(text, place)) ?? {}, place)
}

/** The same, where the text has been read already. */
export function parseAgentConfig(value: unknown, place: string): AgentFile {
  const { resyncInterval, cidrLimit, ...rest } = parseWith(agentSchema, withKnownSpelling(value), place)
  const ignored = Object.entries({ resyncInterval, cidrLimit }).filter(([, item]) => item !== undefined)
  return { ...rest, ignored: ignored.map(([key]) => key) }
}

/**
 * ip-masq-agent reads keys in any case, and Azure's merger for it writes them all in lower case. Two spellings of one
 * key stay apart, and the second is unknown.
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

/** JSON, or YAML, whose parser is loaded for nothing else. An empty file holds null, as it does for ip-masq-agent. */
async function parseText(text: string, place: string): Promise<unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
  } catch {}
  const { parseYaml } = await import('./yaml')
  try {
    return parseYaml(text)
  } catch (error) {
    const said = error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''
    throw new CniError('invalidConfig', `Cannot use ${place}: it cannot be read as JSON or YAML: ${said}`)
  }
}
