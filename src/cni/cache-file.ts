import { decodeBase64, decodeLatin1, decode as decodeUtf8 } from '#system/text'
import { once } from '../system/once'
import { type Attachment, parsePod } from './attachment'
import type { CacheHead } from './cache-head'
import { findOwnPlugin, pluginsOf } from './conflists'
import { isObject, type JsonObject } from './json'
import { jsonSyntaxFault } from './json-text'

/** One file of a result cache (`cniCacheV1`). */
export interface CacheEntry {
  readonly attachment: Attachment
  /** The conflist that the runtime used, in base64 as in the file: equal for the pods of one network. */
  readonly config: string
  /** The same conflist, parsed, without drop-in plugins. It is parsed only when it is needed, because it may be long. */
  readonly readConflist: () => unknown
  /** The result of the whole chain. */
  readonly result: JsonObject
  /** The runtime's own facts about the container. A plugin gets the parts that its `capabilities` name as runtimeConfig. */
  readonly capabilityArgs: JsonObject
  /** The `args` that our plugin was called with, as far as the conflist has them that the runtime used. */
  readonly readArgs: () => unknown
  /** Recorded from libcni 1.2 on. */
  readonly netns?: string
}

/** A conflist that entries were written with. Thousands of entries have the same long text, which is kept and parsed once. */
export type CachedConfig = Pick<CacheEntry, 'config' | 'readConflist' | 'readArgs'>

/**
 * Undefined for a file that is empty or torn (a power loss), or that libcni did not write. `configs` holds the conflists
 * of files that were read before, by their text; a new one is added.
 */
export function parseCacheFile(text: string, configs: Map<string, CachedConfig>): CacheEntry | undefined {
  const entry: unknown = JSON.parse(text)
  if (!isObject(entry) || entry.kind !== 'cniCacheV1') return undefined
  const { containerId, ifName, networkName, result, netns, cniArgs, capabilityArgs } = entry
  if (typeof containerId !== 'string' || typeof ifName !== 'string' || typeof networkName !== 'string')
    return undefined
  if (typeof entry.config !== 'string' || !isObject(result)) return undefined
  const { pod, namespace } = parsePod(pairsOf(cniArgs))
  return {
    attachment: { containerID: containerId, ifname: ifName, network: networkName, pod, namespace },
    ...configOf(entry.config, configs),
    result,
    capabilityArgs: isObject(capabilityArgs) ? capabilityArgs : {},
    ...(typeof netns === 'string' && netns !== '' && { netns }),
  }
}

/** After the head of a file no key of the head may follow: if a key is there twice, the last one counts. */
const HEAD_KEYS = ['kind', 'containerId', 'config', 'ifName', 'networkName', 'netns']

/**
 * Parses the rest of a file whose head was read before. Most of a file is its config, which is not parsed again. `bytes`
 * is the whole file. Undefined for a file that is written differently; `parseCacheFile` handles that one.
 */
export function parseBehind(
  { attachment, netns, config: [from, to], end }: CacheHead,
  bytes: Uint8Array,
  configs: Map<string, CachedConfig>,
): CacheEntry | undefined {
  let rest: unknown
  try {
    rest = JSON.parse(`{"":0${decodeUtf8(bytes.subarray(end))}`)
  } catch {
    return undefined
  }
  if (!isObject(rest) || !isObject(rest.result)) return undefined
  for (const key of HEAD_KEYS) if (rest[key] !== undefined) return undefined
  const { pod, namespace } = parsePod(pairsOf(rest.cniArgs))
  const { containerID, ifname, network } = attachment
  return {
    attachment: { containerID, ifname, network, pod, namespace },
    ...configOf(decodeLatin1(bytes.subarray(from, to)), configs),
    result: rest.result,
    capabilityArgs: isObject(rest.capabilityArgs) ? rest.capabilityArgs : {},
    netns,
  }
}

function configOf(text: string, configs: Map<string, CachedConfig>): CachedConfig {
  const config = configs.get(text) ?? cachedConfig(text)
  configs.set(text, config)
  return config
}

function cachedConfig(config: string): CachedConfig {
  return {
    config,
    readConflist: () => parseConflist(decode(config)),
    readArgs: once(() => readArgs(decode(config))),
  }
}

/** Parses a conflist. It throws with our own words, because those of the engines differ. */
function parseConflist(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`the conflist in it is not JSON: ${jsonSyntaxFault(text)}`)
  }
}

function decode(base64: string): string {
  return decodeUtf8(decodeBase64(base64))
}

/** Reads `args`. Most conflists have none, and may be long: those are not parsed. */
function readArgs(text: string): unknown {
  if (!text.includes('"args"')) return undefined
  try {
    const conflist: unknown = JSON.parse(text)
    return isObject(conflist) ? findOwnPlugin(pluginsOf(conflist))?.args : undefined
  } catch {
    return undefined
  }
}

/** CNI_ARGS as libcni stores them: a list of pairs, or null. */
function pairsOf(cniArgs: unknown): (readonly [string, string])[] {
  const pairs: [string, string][] = []
  for (const pair of Array.isArray(cniArgs) ? cniArgs : []) {
    if (Array.isArray(pair)) pairs.push([String(pair[0]), String(pair[1])])
  }
  return pairs
}
