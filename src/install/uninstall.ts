import { existsSync, readdirSync, rmdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findOwnPlugin, pluginsOf } from '../cni/conflists'
import { isObject } from '../cni/json'
import { type CachedAttachment, readResultCache } from '../cni/result-cache'
import { readSmallFile } from '../cni/small-file'
import { ownPluginsIn, removePlugin } from './edit-conflist'
import { nudge } from './install'
import { placeFile, removeFile } from './place-file'
import { ownDropIns } from './target'

/** Takes ip-masq out of every conflist and drop-in of the directory; a line for each. */
export async function leaveNetworks(confDir: string): Promise<string[]> {
  const done: string[] = []
  for (const path of conflistsIn(confDir)) {
    const text = readSmallFile(path)
    if (ownPluginsIn(text) === 0) continue
    await placeFile(path, { content: { text: removePlugin(text) }, mode: statSync(path).mode & 0o777 })
    done.push(`took ip-masq out of ${path}`)
  }
  for (const path of dropInsIn(confDir)) {
    removeFile(path)
    removeIfEmpty(dirname(path))
    nudge(confDir)
    done.push(`removed ${path}`)
  }
  return done
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

/** Also as its only plugin, or in what is no JSON at the moment. */
export function filesThatName(confDir: string): string[] {
  return filesIn(confDir).filter((path) => {
    try {
      return /"type"\s*:\s*"ip-masq"/.test(readSmallFile(path))
    } catch {
      return false
    }
  })
}

function dropInsIn(confDir: string): string[] {
  if (!existsSync(confDir)) return []
  return readdirSync(confDir, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? ownDropIns(confDir, entry.name) : [],
  )
}

function removeIfEmpty(directory: string): void {
  if (readdirSync(directory).length === 0) rmdirSync(directory)
}

/** Attachments whose DEL will still call the executable: libcni keeps the conflist of their ADD. */
export function attachmentsInUse(cacheDir: string): CachedAttachment[] {
  return readResultCache(cacheDir).attachments.filter((cached) => {
    const conflist = cached.readConflist()
    return isObject(conflist) && findOwnPlugin(pluginsOf(conflist)) !== undefined
  })
}

export function removeExecutable(binDir: string): string[] {
  const path = join(binDir, 'ip-masq')
  if (!existsSync(path)) return []
  removeFile(path)
  return [`removed ${path}`]
}
