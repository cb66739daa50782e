import { entriesIn } from '#system/files'
import { isDirectory } from '../system/absent'
import { isMissing } from '../system/errors'
import { join } from '../system/paths'
import { inPlainWords } from '../system/plain-words'
import { dropInDirectory, dropIns, networkFiles } from './conf-dir'
import { isObject, type JsonObject } from './json'
import { jsonSyntaxFault, parseJsonText } from './json-text'
import { readSmallFile } from './small-file'

/** A network as a conflist on disk defines it, drop-ins included. */
export interface Network {
  readonly name: string
  readonly file: string
  readonly plugins: readonly JsonObject[]
  /** The place where each of the plugins is written. */
  readonly places: readonly PluginPlace[]
}

export interface PluginPlace {
  readonly file: string
  /** Absent: the file holds this plugin alone. */
  readonly index?: number
}

export interface Networks {
  /** Whether there is such a directory. */
  readonly exists: boolean
  readonly networks: ReadonlyMap<string, Network>
  /** Files that could not be used, and why, one line each. */
  readonly problems: readonly string[]
}

/**
 * The networks of a conf directory, by libcni's rules (`ConfFiles`, `LoadConfList`): the files are sorted by name, the
 * suffixes are .conf, .conflist and .json, and the first of two files with the same network name counts. A plain .conf is
 * a list of one plugin.
 */
export function readNetworks(confDir: string): Networks {
  const networks = new Map<string, Network>()
  const problems: string[] = []
  for (const file of networkFiles(filesIn(confDir))) {
    try {
      const network = parseNetwork(confDir, file)
      if (!networks.has(network.name)) networks.set(network.name, network)
    } catch (error) {
      problems.push(`${join(confDir, file)}: ${inPlainWords(error)}`)
    }
  }
  return { exists: isDirectory(confDir), networks, problems }
}

function parseNetwork(confDir: string, file: string): Network {
  const path = join(confDir, file)
  const config = readJson(path)
  const { name } = config
  if (typeof name !== 'string' || name === '') throw new Error('it has no name')
  requirePlugins(config)
  const [inline, more] = [pluginsOf(config), readDropIns(confDir, name, config)]
  const isList = config.plugins !== undefined
  const places = inline.map((_, index) => ({ file: path, ...(isList && { index }) }))
  const plugins = [...inline, ...more.map(({ plugin }) => plugin)]
  return { name, file, plugins, places: [...places, ...more.map((one) => ({ file: one.file }))] }
}

/** Refuses a list without plugins. libcni refuses it too, and it does not define what its network's pods should have. */
function requirePlugins({ plugins, type }: JsonObject): void {
  if (plugins === undefined && typeof type === 'string') return
  if (!Array.isArray(plugins)) throw new Error('it has no list of plugins: write "plugins": [...]')
  if (plugins.length === 0) throw new Error('its list of plugins is empty')
  if (!plugins.every(isObject)) throw new Error('its list of plugins has an entry that is not an object')
}

/** `plugins` of a conflist, or the one plugin that a .conf is. */
export function pluginsOf(config: JsonObject): JsonObject[] {
  if (config.plugins === undefined && typeof config.type === 'string') return [config]
  return Array.isArray(config.plugins) ? config.plugins.filter(isObject) : []
}

/** Finds the last one, if a network has it twice, inline and as a drop-in: at an ADD the last one decides as well. */
export function findOwnPlugin(plugins: readonly JsonObject[]): JsonObject | undefined {
  return plugins.findLast(({ type }) => type === 'ip-masq')
}

/** The network's drop-ins, unless the list excludes them. */
function readDropIns(confDir: string, name: string, config: JsonObject) {
  const directory = dropInDirectory(confDir, name)
  if (config.loadOnlyInlinedPlugins === true || !directory) return []
  const files = dropIns(filesIn(directory)).map((file) => join(directory, file))
  return files.map((file) => ({ file, plugin: readJson(file) }))
}

function readJson(path: string): JsonObject {
  const text = readSmallFile(path)
  if (text.startsWith('\ufeff')) {
    throw new Error('it begins with a byte order mark, which runtimes refuse; save it as UTF-8 without one')
  }
  const value = parse(text)
  if (!isObject(value)) throw new Error('it is not a JSON object')
  // Whether other plugins have a key twice is not for us to check.
  if (findOwnPlugin(pluginsOf(value))) parseJsonText(text)
  return value
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`it is not JSON: ${jsonSyntaxFault(text)}`)
  }
}

/** The names of everything but directories; none where the directory is missing. */
function filesIn(directory: string): string[] {
  try {
    return entriesIn(directory)
      .filter(({ kind }) => kind !== 'directory')
      .map(({ name }) => name)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
