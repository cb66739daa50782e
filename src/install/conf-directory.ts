import { namesIn } from '#system/files'
import { isIdentifier } from '../cni/environment'
import { isObject } from '../cni/json'
import { atPlace, inDirectory, type Place } from './directory'
import { type OpenFile, readByteText, withFile } from './read-file'

/** Files that a runtime may read, in its order (libcni's ConfFiles). Links are among them; none without a directory. */
export function configFiles(confDir: string): string[] {
  return entries(confDir, /\.(conf|conflist|json)$/)
}

/** Drop-ins of a network, in libcni's order. */
export function dropInFiles(confDir: string, network: string): string[] {
  return isIdentifier(network) ? entries(`${confDir}/${network}`, /\.conf$/) : []
}

/** Directories that may hold drop-ins; links to directories are among them, because libcni follows them. */
export function networksWithDropIns(confDir: string): string[] {
  const names = entries(confDir, /^/)
  const found: string[] = []
  for (const path of names) {
    const name = path.slice(confDir.length + 1)
    if (dropInFiles(confDir, name).length > 0) found.push(name)
  }
  return found
}

function entries(directory: string, pattern: RegExp): string[] {
  try {
    return inDirectory(directory, ({ at }) =>
      namesIn(at('.'))
        .filter((name) => pattern.test(name))
        .sort()
        .map((name) => `${directory}/${name}`),
    )
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw error
  }
}

/** The path may be a link; what is read, and later replaced, is the file that it leads to. */
export function openConfig<T>(path: string, work: (file: OpenFile, place: Place) => T): T {
  return atPlace(path, (place) => withFile(place, (file) => work(file, place)))
}

export function readConfig(path: string): string {
  return openConfig(path, readByteText)
}

/** Drop-ins of the network that are ours, by name. */
export function ownDropIns(confDir: string, network: string): string[] {
  const own: string[] = []
  for (const path of dropInFiles(confDir, network)) if (isOurs(path)) own.push(path)
  return own
}

function isOurs(path: string): boolean {
  try {
    const config: unknown = JSON.parse(readConfig(path))
    return isObject(config) && config.type === 'ip-masq'
  } catch {
    return false
  }
}
