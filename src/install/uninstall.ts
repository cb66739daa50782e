import { existsSync, lstatSync, readdirSync, realpathSync, rmdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { attachmentId } from '../backend/identity'
import { findOwnPlugin, pluginsOf } from '../cni/conflists'
import { isObject } from '../cni/json'
import { readResultCache } from '../cni/result-cache'
import { readSmallFile } from '../cni/small-file'
import { masqueradingIn, ownPluginsIn, removePlugin } from './edit-conflist'
import { backupOf, ChangedError, nudge } from './install'
import { placeFile, removeFile } from './place-file'
import { ownDropIns } from './target'

/** Takes ip-masq out of every conflist and drop-in of the directory; a line for each, and for what is left to do. */
export async function leaveNetworks(confDir: string): Promise<string[]> {
  const done: string[] = []
  // Links are followed, and stay links.
  for (const path of new Set(conflistsIn(confDir).map((file) => realpathSync(file)))) {
    await takeOut(path)
    done.push(`took ip-masq out of ${path}`, ...leftToDo(path))
  }
  for (const path of dropInsIn(confDir)) {
    removeFile(path)
    removeIfEmpty(dirname(path))
    nudge(confDir)
    done.push(`removed ${path}`)
  }
  return done
}

async function takeOut(path: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const text = readSmallFile(path)
    const check = async () => {
      if (readSmallFile(path) !== text) throw new ChangedError()
    }
    try {
      const content = { text: removePlugin(text) }
      await placeFile(path, { content, mode: statSync(path).mode & 0o777, check })
      return
    } catch (error) {
      if (!(error instanceof ChangedError) || attempt === 3) throw error
    }
  }
}

/** What install switched off is for the operator to switch on: others may rely on it by now. */
function leftToDo(path: string): string[] {
  const backup = backupOf(path)
  if (!existsSync(backup)) return []
  const had = masqueradingIn(readSmallFile(backup)).length
  return had > masqueradingIn(readSmallFile(path)).length
    ? [`left to do: a plugin's own masquerade is off since install; ${backup} has it as it was`]
    : []
}

/** Files that a runtime may read, and that have ip-masq in their list. */
function conflistsIn(confDir: string): string[] {
  return filesIn(confDir).filter((path) => {
    try {
      return ownPluginsIn(readSmallFile(path)) > 0
    } catch {
      return false
    }
  })
}

function filesIn(confDir: string): string[] {
  if (!existsSync(confDir)) return []
  return readdirSync(confDir)
    .filter((name) => /\.(conf|conflist|json)$/.test(name))
    .sort()
    .map((name) => join(confDir, name))
}

/** Also as its only plugin, or in what is no JSON at the moment, drop-ins included. */
export function filesThatName(confDir: string): string[] {
  const dropIns = directoriesIn(confDir).flatMap((directory) =>
    readdirSync(directory)
      .filter((name) => name.endsWith('.conf'))
      .map((name) => join(directory, name)),
  )
  return [...filesIn(confDir), ...dropIns].filter((path) => {
    try {
      return names(readSmallFile(path))
    } catch {
      return false
    }
  })
}

function names(text: string): boolean {
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch {
    return /"type"\s*:\s*"ip-masq"/.test(text)
  }
  return isObject(config) && (config.type === 'ip-masq' || findOwnPlugin(pluginsOf(config)) !== undefined)
}

function dropInsIn(confDir: string): string[] {
  return directoriesIn(confDir).flatMap((directory) => ownDropIns(confDir, basename(directory)))
}

/** Links to directories too: libcni reads them. */
function directoriesIn(confDir: string): string[] {
  if (!existsSync(confDir)) return []
  return readdirSync(confDir)
    .map((name) => join(confDir, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory())
}

function removeIfEmpty(directory: string): void {
  // A link is somebody's own.
  if (readdirSync(directory).length === 0 && lstatSync(directory).isDirectory()) rmdirSync(directory)
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

export function removeExecutable(binDir: string): string[] {
  const path = join(binDir, 'ip-masq')
  if (!lstatSync(path, { throwIfNoEntry: false })) return []
  removeFile(path)
  return [`removed ${path}`]
}
