import { entriesIn } from '#system/files'
import { dropInDirectory, dropIns, networkFiles } from '../cni/conf-dir'
import { isObject } from '../cni/json'
import { isMissing } from '../system/errors'
import type { Entry } from '../system/files'
import { atPlace, inDirectory, type Place } from './directory'
import { type OpenFile, readByteText, withFile } from './read-file'

/** Files that a runtime may read, in its order. Links are included; a missing directory has none. */
export function configFiles(confDir: string): string[] {
  return networkFiles(fileNames(confDir)).map((name) => `${confDir}/${name}`)
}

/** Directories that are named like a file that a runtime reads. libcni skips them, but not a link to one. */
export function skippedDirectories(confDir: string): string[] {
  const directories = entries(confDir).filter(isDirectory)
  return networkFiles(directories.map(({ name }) => name)).map((name) => `${confDir}/${name}`)
}

/** Drop-ins of a network, in libcni's order. */
export function dropInFiles(confDir: string, network: string): string[] {
  const directory = dropInDirectory(confDir, network)
  return directory ? dropIns(fileNames(directory)).map((name) => `${directory}/${name}`) : []
}

/** Directories that may hold drop-ins. Links to directories are included, because libcni follows them. */
export function networksWithDropIns(confDir: string): string[] {
  return entries(confDir)
    .map(({ name }) => name)
    .sort()
    .filter((name) => dropInFiles(confDir, name).length > 0)
}

function fileNames(directory: string): string[] {
  return entries(directory)
    .filter((entry) => !isDirectory(entry))
    .map(({ name }) => name)
}

function isDirectory({ kind }: Entry): boolean {
  return kind === 'directory'
}

/** Everything in a directory; nothing if it is missing. */
function entries(directory: string): Entry[] {
  try {
    return inDirectory(directory, ({ at }) => entriesIn(at('.')))
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

/** Opens a config. The path may be a link; what is read, and later replaced, is the file that it leads to. */
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
