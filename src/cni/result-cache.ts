import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isMissing } from '../absent'
import type { Attachment } from './attachment'
import { parsePod } from './attachment'
import { findOwnPlugin, pluginsOf } from './conflists'
import { CniError } from './error'
import { isObject, type JsonObject } from './json'
import { readSmallFile } from './small-file'

/**
 * libcni's result cache: a file for each attachment, `results/<network>-<containerID>-<ifname>`, written after the
 * whole chain's ADD and removed after the whole chain's DEL (libcni/api.go, `cacheAdd`). It outlives a reboot.
 */
export interface CachedAttachment {
  readonly file: string
  readonly attachment: Attachment
  /** The conflist that the runtime used, in base64, as it is in the file: equal for the pods of one network. */
  readonly config: string
  /** The same, parsed, without drop-in plugins; only when asked for, because it may be long. */
  readonly readConflist: () => unknown
  /** The result of the whole chain. */
  readonly result: JsonObject
  /** What the runtime knew of the container; a plugin gets what its `capabilities` name, as runtimeConfig. */
  readonly capabilityArgs: JsonObject
  /** The `args` that our plugin was called with, as far as they stand in the conflist that the runtime used. */
  readonly readArgs: () => unknown
  /** Recorded from libcni 1.2 on. */
  readonly netns?: string
  readonly modified: number
}

export interface ResultCache {
  readonly exists: boolean
  readonly attachments: readonly CachedAttachment[]
  /** Names of files that could not be read: whatever they stand for, nothing must be removed for want of them. */
  readonly unreadable: readonly string[]
}

/** A part of the cache: the files of one network, and no more once it `isLate`. */
export interface CacheSelection {
  readonly network: string
  readonly isLate: () => boolean
}

export function readResultCache(cacheDir: string, selection?: CacheSelection): ResultCache {
  const directory = join(cacheDir, 'results')
  let files: string[]
  try {
    const prefix = selection ? `${selection.network}-` : ''
    files = readdirSync(directory)
      .filter((file) => file.startsWith(prefix))
      .sort()
  } catch (error) {
    if (isMissing(error)) return { exists: false, attachments: [], unreadable: [] }
    throw new CniError('ioFailure', `Cannot read the result cache ${directory}`, String(error))
  }
  const attachments: CachedAttachment[] = []
  const unreadable: string[] = []
  for (const file of files) {
    if (selection?.isLate()) break
    try {
      const path = join(directory, file)
      const cached = parseCacheFile(file, readSmallFile(path), statSync(path).mtimeMs)
      if (cached) attachments.push(cached)
      else unreadable.push(file)
    } catch (error) {
      // Removed since it was listed: a DEL came to its end.
      if (!isMissing(error)) unreadable.push(file)
    }
  }
  return { exists: true, attachments, unreadable }
}

/** Undefined for a file that is empty or torn (a power loss), or that is none of libcni's. */
function parseCacheFile(file: string, text: string, modified: number): CachedAttachment | undefined {
  const entry: unknown = JSON.parse(text)
  if (!isObject(entry) || entry.kind !== 'cniCacheV1') return undefined
  const { containerId, ifName, networkName, config, result, netns, cniArgs, capabilityArgs } = entry
  if (typeof containerId !== 'string' || typeof ifName !== 'string' || typeof networkName !== 'string')
    return undefined
  if (typeof config !== 'string' || !isObject(result)) return undefined
  return {
    file,
    attachment: {
      containerID: containerId,
      ifname: ifName,
      network: networkName,
      ...parsePod(pairsOf(cniArgs)),
    },
    config,
    readConflist: () => JSON.parse(decode(config)),
    readArgs: () => readArgs(decode(config)),
    result,
    capabilityArgs: isObject(capabilityArgs) ? capabilityArgs : {},
    ...(typeof netns === 'string' && netns !== '' && { netns }),
    modified,
  }
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8')
}

/** Most conflists have none, and may be long: those are not parsed. */
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
  const list = Array.isArray(cniArgs) ? cniArgs : []
  return list.flatMap((pair) => (Array.isArray(pair) ? [[String(pair[0]), String(pair[1])] as const] : []))
}

/**
 * The attachments that an unreadable file may stand for. Its name joins three fields with "-", and all three may
 * contain one, so every way to take it apart counts.
 */
export function attachmentsNamed(file: string): { containerID: string; ifname: string }[] {
  const parts = file.split('-')
  const possible = []
  for (let from = 1; from < parts.length - 1; from++) {
    for (let to = from + 1; to < parts.length; to++) {
      possible.push({ containerID: parts.slice(from, to).join('-'), ifname: parts.slice(to).join('-') })
    }
  }
  return possible
}
