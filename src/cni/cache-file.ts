import { decodeBase64, decode as decodeUtf8 } from '#system/text'
import { once } from '../system/once'
import { type Attachment, parsePod } from './attachment'
import type { CacheHead } from './cache-head'
import { findOwnPlugin, pluginsOf } from './conflists'
import { isObject, type JsonObject } from './json'
import { jsonSyntaxFault } from './json-text'

/** One file of a result cache (`cniCacheV1`). */
export interface CacheEntry {
  readonly attachment: Attachment
  /** The conflist that the runtime used: the same object for the pods of one network. */
  readonly config: CachedConfig
  /** The result of the whole chain. */
  readonly result: JsonObject
  /** The runtime's own facts about the container. A plugin gets the parts that its `capabilities` name as runtimeConfig. */
  readonly capabilityArgs: JsonObject
  /** Recorded from libcni 1.2 on. */
  readonly netns?: string | undefined
}

/** A conflist that entries were written with. Thousands of entries have the same long text, which is kept and parsed once. */
export interface CachedConfig {
  /** As in the file. */
  readonly base64: string
  /** Parses the conflist, without drop-in plugins. It is parsed only when it is needed, because it may be long. */
  readonly readConflist: () => unknown
  /** The `args` that our plugin was called with, as far as this conflist has them. */
  readonly readArgs: () => unknown
}

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
  const { pod, namespace } = parsePod(listOf(cniArgs))
  return {
    attachment: { containerID: containerId, ifname: ifName, network: networkName, pod, namespace },
    config: configOf(entry.config, configs),
    result,
    capabilityArgs: isObject(capabilityArgs) ? capabilityArgs : {},
    ...(typeof netns === 'string' && netns !== '' && { netns }),
  }
}

/** After the head of a file no key of the head may follow: if a key is there twice, the last one counts. */
const HEAD_KEYS = ['kind', 'containerId', 'config', 'ifName', 'networkName', 'netns']

/**
 * Parses the rest of a file whose head was read before. Most of a file is its config, which is not parsed again. `text` is
 * the whole file. Undefined for a file that is written differently; `parseCacheFile` handles that one.
 */
export function parseBehind(
  { containerID, netns, common, end }: CacheHead,
  text: string,
  configs: Map<string, CachedConfig>,
): CacheEntry | undefined {
  let rest: unknown
  try {
    rest = JSON.parse(`{"":0${text.slice(end)}`)
  } catch {
    return undefined
  }
  if (!isObject(rest)) return undefined
  for (let i = 0; i < HEAD_KEYS.length; i++) if (rest[HEAD_KEYS[i] ?? ''] !== undefined) return undefined
  const { result, capabilityArgs, cniArgs } = rest
  if (!isObject(result)) return undefined
  const { ifname, network } = common
  const { pod, namespace } = parsePod(listOf(cniArgs))
  return {
    attachment: { containerID, ifname, network, pod, namespace },
    config: configOf(common.config, configs),
    result,
    capabilityArgs: isObject(capabilityArgs) ? capabilityArgs : {},
    netns,
  }
}

function configOf(text: string, configs: Map<string, CachedConfig>): CachedConfig {
  const known = configs.get(text)
  if (known) return known
  const config = cachedConfig(text)
  configs.set(text, config)
  return config
}

function cachedConfig(base64: string): CachedConfig {
  return {
    base64,
    readConflist: () => parseConflist(decode(base64)),
    readArgs: once(() => readArgs(decode(base64))),
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
function listOf(cniArgs: unknown): readonly unknown[] {
  return Array.isArray(cniArgs) ? cniArgs : []
}
