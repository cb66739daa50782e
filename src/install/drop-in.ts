import { randomHex } from '#system/digest'
import {
  close,
  createFile,
  makeDirectory,
  namesIn,
  removeDirectory,
  setMode,
  setOwner,
  statusOfOpen,
  writeNext,
} from '#system/files'
import { effectiveUser } from '#system/program'
import { encode } from '#system/text'
import type { JsonObject } from '../cni/json'
import { errorCode } from '../system/errors'
import { openConfig, ownDropIns } from './conf-directory'
import { atPlace, type Directory, enter, inDirectory } from './directory'
import { BARE } from './edit-conflist'
import { isInPlace, type Owner, type Placement, placeFile, removeFile } from './place-file'
import { bytesOf, readByteText } from './read-file'
import type { Target } from './target'

const DROP_IN = '90-ip-masq.conf'

/** The conflist's mode and owner: whoever may read the conflist may read the drop-in, and nobody else. */
interface Like {
  readonly mode: number
  readonly owner: Owner
}

/** Puts ip-masq into the network by a file of its own; returns a line if something was done. */
export function placeDropIn(
  { file, name }: Target,
  { confDir, plugin }: { readonly confDir: string; readonly plugin: JsonObject | undefined },
): string[] {
  const like = openConfig(file, ({ status }) => ({ mode: status.mode & 0o644, owner: status }))
  const [known] = ownDropIns(confDir, name)
  const path = known ?? `${confDir}/${name}/${DROP_IN}`
  const isPlaced = known
    ? replaceDropIn(known, plugin, like)
    : inDirectory(confDir, (directory) => addDropIn(directory, name, placementOf(plugin ?? BARE, like)))
  if (!isPlaced) return []
  nudge(confDir)
  return [`added ip-masq to network ${name} with the drop-in ${path}`]
}

function placementOf(plugin: JsonObject, like: Like): Placement {
  return { ...like, content: { bytes: encode(`${JSON.stringify(plugin, null, 2)}\n`) } }
}

/** Replaces the drop-in if another config was given, or if people may read it who may not read the conflist. */
function replaceDropIn(path: string, plugin: JsonObject | undefined, like: Like): boolean {
  const there = openConfig(path, (open) => ({
    bytes: bytesOf(readByteText(open)),
    mode: open.status.mode & 0o777,
    owner: open.status,
  }))
  const mode = there.mode & like.mode
  const content = plugin ? placementOf(plugin, like).content : { bytes: there.bytes }
  return atPlace(path, (place) => {
    const placement = { content, mode, owner: there.owner }
    if (isInPlace(place, placement)) return false
    placeFile(place, placement)
    return true
  })
}

function addDropIn(confDir: Directory, network: string, placement: Placement): boolean {
  makeOwnDirectory(confDir, network, placement)
  inDirectory(`${confDir.path}/${network}`, (directory, openTo) =>
    placeFile({ directory, name: DROP_IN, authors: [], openTo }, placement),
  )
  return true
}

/**
 * Makes a directory that is as open as the conflist: whoever may read the conflist may list it. An existing directory or
 * link stays as it is.
 */
function makeOwnDirectory(confDir: Directory, name: string, { mode, owner }: Like): void {
  try {
    makeDirectory(confDir.at(name), 0o700)
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return
    throw error
  }
  const directory = enter(confDir, name)
  try {
    // Where others may write, this may be another directory by now, with contents that nobody must see.
    const { uid } = statusOfOpen(directory.descriptor)
    if (uid !== effectiveUser() || namesIn(directory.at('.')).length > 0) return
    setOwner(directory.descriptor, uid, owner.gid)
    const readers = mode & 0o044
    setMode(directory.descriptor, 0o700 | readers | (readers >> 2))
  } finally {
    close(directory.descriptor)
  }
}

/** Deletes a drop-in, and the directory if nothing else is in it. */
export function removeDropIn(confDir: string, network: string, path: string): void {
  const name = path.slice(path.lastIndexOf('/') + 1)
  inDirectory(`${confDir}/${network}`, (directory) => removeFile({ directory, name }))
  inDirectory(confDir, ({ at }) => {
    try {
      // rmdir(2) refuses a directory with entries, and a link, which belongs to somebody else.
      removeDirectory(at(network))
    } catch {}
  })
  nudge(confDir)
}

/**
 * Makes containerd read its conf dir again. It does so when a file directly in the directory is written or removed, but
 * not for a file in a sub-folder. The name is new each time, so that nobody can put a link there first.
 */
export function nudge(confDir: string): void {
  inDirectory(confDir, (directory) => {
    const name = `.ip-masq-reload.${randomHex(8)}`
    const descriptor = createFile(directory.at(name), 0o600)
    try {
      writeNext(descriptor, encode('x'))
    } finally {
      close(descriptor)
    }
    removeFile({ directory, name })
  })
}
