import { holdsList } from '../cni/conf-dir'
import { isIdentifier } from '../cni/environment'
import { CniError } from '../cni/error'
import { isObject, type JsonObject } from '../cni/json'
import { inPlainWords } from '../system/plain-words'
import { configFiles, openConfig } from './conf-directory'
import { parseByteText, readByteText } from './read-file'

/** The conflist that ip-masq is to join. */
export interface Target {
  /** The path in the conf directory. A link (a mounted ConfigMap) is followed, and stays a link. */
  readonly file: string
  /** The real path, for messages. */
  readonly path: string
  readonly name: string
  /** The text with one character per byte (`read-file.ts`). */
  readonly text: string
  readonly conflist: JsonObject
}

/**
 * The conflist that the runtime takes, which is the first file that may define a network. containerd loads no network at
 * all if that file is broken, so a broken file is an error, and the next file does not take its place. If a network is
 * given, it is the first file with that name in it. `advice`: what the operator can do about a broken file.
 */
export function findTarget(
  confDir: string,
  network: string | undefined,
  advice = 'repair or remove it, or name another network with --network',
): Target | undefined {
  const broken: string[] = []
  for (const file of configFiles(confDir)) {
    try {
      const target = readTarget(file)
      if (network === undefined || target.name === network) return target
    } catch (error) {
      const why = `${file}: ${inPlainWords(error)}`
      if (network === undefined) {
        throw new CniError('invalidConfig', `Cannot use ${why}; the runtime takes this file first: ${advice}`)
      }
      broken.push(why)
    }
  }
  if (broken.length === 0) return undefined
  throw new CniError(
    'invalidConfig',
    `Cannot find network "${network}" in ${confDir}: it may be in a file that cannot be read`,
    broken.join('\n'),
  )
}

/** Reads a conflist. Throws with the reason why a runtime does not load it (libcni's ConfListFromFile and ConfFromFile). */
function readTarget(file: string): Target {
  return openConfig(file, (open, { directory, name: ownName }) => {
    const text = readByteText(open)
    const conflist = parseByteText(text)
    if (!isObject(conflist)) throw new Error('it is not a JSON object')
    requireShape(file, conflist)
    const { name } = conflist
    if (name === undefined) throw new Error('it has no "name"')
    if (!isIdentifier(name)) throw new Error(`its name ${JSON.stringify(name)} is not valid for a network`)
    return { file, path: `${directory.path}/${ownName}`, name, text, conflist }
  })
}

/** The reason why a runtime does not load a file with this name and content. */
export interface ShapeFault {
  readonly path: readonly (string | number)[]
  /** The reason, worded to follow a colon. */
  readonly why: string
}

function requireShape(file: string, conflist: JsonObject): void {
  const fault = shapeFault(file, conflist)
  if (fault) throw new Error(fault.why)
}

/** The fault in a config. The file's suffix decides whether a runtime reads a list or one plugin. */
export function shapeFault(file: string, { plugins, type }: JsonObject): ShapeFault | undefined {
  const isPlugin = typeof type === 'string' && type !== ''
  if (!holdsList(file)) {
    if (isPlugin) return undefined
    if (plugins === undefined) return { path: [], why: 'it has no "type"' }
    return {
      path: ['plugins'],
      why: 'it holds a list of plugins, and runtimes read a list only from a file that ends in .conflist: rename it',
    }
  }
  if (plugins === undefined && typeof type === 'string') {
    return {
      path: ['type'],
      why: 'it holds one plugin, and runtimes read a list from a file that ends in .conflist: write it as "plugins": [{ ... }], or name it .conf',
    }
  }
  if (!Array.isArray(plugins) || plugins.length === 0) {
    return { path: plugins === undefined ? [] : ['plugins'], why: 'it has no list "plugins"' }
  }
  const at = plugins.findIndex(
    (plugin) => !isObject(plugin) || typeof plugin.type !== 'string' || plugin.type === '',
  )
  return at < 0 ? undefined : { path: ['plugins', at], why: `plugins[${at}] has no "type"` }
}
