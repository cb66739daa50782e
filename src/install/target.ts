import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isObject, type JsonObject } from '../cni/json'
import { readSmallFile } from '../cni/small-file'

/** The conflist that ip-masq is to be part of. */
export interface Target {
  /** Where it really is: a link (a mounted ConfigMap) is followed, and stays one. */
  readonly path: string
  readonly name: string
  readonly text: string
  readonly conflist: JsonObject
}

/**
 * The conflist that the runtime would pick: the first valid file by name, of those that end in .conf, .conflist and .json
 * (libcni's ConfFiles; containerd and CRI-O take the first that loads). With a network's name: the first of that name.
 */
export function findTarget(confDir: string, network: string | undefined): Target | undefined {
  if (!existsSync(confDir)) return undefined
  const names = readdirSync(confDir)
    .filter((name) => /\.(conf|conflist|json)$/.test(name))
    .sort()
  for (const name of names) {
    const target = readTarget(join(confDir, name))
    if (target && (network === undefined || target.name === network)) return target
  }
  return undefined
}

/** What libcni takes for a network's name; a drop-in's directory is called so. */
const NETWORK = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/

/** Undefined for what a runtime skips. */
function readTarget(path: string): Target | undefined {
  try {
    const text = readSmallFile(path)
    const conflist: unknown = JSON.parse(text)
    if (!isObject(conflist) || typeof conflist.name !== 'string' || !NETWORK.test(conflist.name))
      return undefined
    const plugins = conflist.plugins === undefined ? [conflist] : conflist.plugins
    if (!Array.isArray(plugins) || plugins.length === 0) return undefined
    if (!plugins.every((plugin) => isObject(plugin) && typeof plugin.type === 'string')) return undefined
    return { path: realpathSync(path), name: conflist.name, text, conflist }
  } catch {
    return undefined
  }
}

/** Drop-ins of the network that are ours, by name. */
export function ownDropIns(confDir: string, network: string): string[] {
  const directory = join(confDir, network)
  if (!NETWORK.test(network) || !statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return []
  return readdirSync(directory)
    .filter((name) => name.endsWith('.conf'))
    .sort()
    .map((name) => join(directory, name))
    .filter((path) => {
      try {
        const config: unknown = JSON.parse(readSmallFile(path))
        return isObject(config) && config.type === 'ip-masq'
      } catch {
        return false
      }
    })
}
