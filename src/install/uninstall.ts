import { lstatSync } from 'node:fs'
import { attachmentId } from '../backend/identity'
import { findOwnPlugin, pluginsOf } from '../cni/conflists'
import { isObject } from '../cni/json'
import { readResultCache } from '../cni/result-cache'
import { configFiles, dropInFiles, networksWithDropIns, ownDropIns, readConfig } from './conf-directory'
import { inDirectory } from './directory'
import { removeDropIn } from './drop-in'
import { masqueradingIn, ownPluginsIn, removePlugin } from './edit-conflist'
import { EXECUTABLE } from './executable'
import { backupOf, editConflist } from './patch'
import { removeFile } from './place-file'

/** Takes ip-masq out of every conflist and drop-in of the directory; a line for each, and for what is left to do. */
export async function leaveNetworks(confDir: string): Promise<string[]> {
  const done: string[] = []
  for (const file of await configFiles(confDir)) {
    // Two links may lead to one file: the second finds nothing to do.
    if (!(await holdsUs(file))) continue
    const { path, said } = await editConflist(file, removePlugin)
    done.push(`took ip-masq out of ${path}`, ...said, ...(await leftToDo(path)))
  }
  for (const network of await networksWithDropIns(confDir)) {
    for (const path of await ownDropIns(confDir, network)) {
      await removeDropIn(confDir, network, path)
      done.push(`removed ${path}`)
    }
  }
  return done
}

async function holdsUs(file: string): Promise<boolean> {
  try {
    return ownPluginsIn(await readConfig(file)) > 0
  } catch {
    return false
  }
}

/** What install switched off is for the operator to switch on: others may rely on it by now. */
async function leftToDo(path: string): Promise<string[]> {
  const backup = backupOf(path)
  const before = await readConfig(backup).catch(() => undefined)
  if (before === undefined) return []
  return masqueradingIn(before).length > masqueradingIn(await readConfig(path)).length
    ? [`left to do: a plugin's own masquerade is off since install; ${backup} has it as it was`]
    : []
}

/** Also as its only plugin, or in what is no JSON at the moment, drop-ins included. */
export async function filesThatName(confDir: string): Promise<string[]> {
  const networks = await networksWithDropIns(confDir)
  const dropIns = await Promise.all(networks.map((network) => dropInFiles(confDir, network)))
  const found: string[] = []
  for (const path of [...(await configFiles(confDir)), ...dropIns.flat()]) {
    const text = await readConfig(path).catch(() => '')
    if (isNamedIn(text)) found.push(path)
  }
  return found
}

function isNamedIn(text: string): boolean {
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch {
    return /"type"\s*:\s*"ip-masq"/.test(text)
  }
  return isObject(config) && (config.type === 'ip-masq' || findOwnPlugin(pluginsOf(config)) !== undefined)
}

export interface CachedUse {
  /** Attachments whose DEL will still call the executable: libcni keeps the conflist of their ADD. */
  readonly ids: readonly string[]
  /** Files that may stand for more. */
  readonly unreadable: readonly string[]
}

export function cachedUse(cacheDir: string): CachedUse {
  const { attachments, unreadable } = readResultCache(cacheDir)
  const ids: string[] = []
  const torn: string[] = [...unreadable]
  for (const cached of attachments) {
    try {
      const conflist = cached.readConflist()
      if (isObject(conflist) && findOwnPlugin(pluginsOf(conflist))) ids.push(attachmentId(cached.attachment))
    } catch {
      torn.push(cached.file)
    }
  }
  return { ids, unreadable: torn }
}

export async function removeExecutable(binDir: string): Promise<string[]> {
  try {
    return await inDirectory(binDir, (directory) => {
      if (!lstatSync(directory.at(EXECUTABLE), { throwIfNoEntry: false })) return []
      removeFile({ directory, name: EXECUTABLE })
      return [`removed ${binDir}/${EXECUTABLE}`]
    })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
