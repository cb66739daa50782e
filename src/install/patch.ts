import { isMissing } from '../system/errors'
import { openConfig } from './conf-directory'
import type { Place } from './directory'
import { addPlugin, BARE, ownPluginsIn } from './edit-conflist'
import { type Placement, placeFile } from './place-file'
import { bytesOf, type OpenFile, readByteText, withFile } from './read-file'
import { isStillNeeded } from './restore-masquerade'

/** The file differs from what was read a moment ago: its owner has just written it again. */
export class ChangedError extends Error {}

/** The path of the backup from before install; no runtime reads a file of this name. */
export function backupOf(path: string): string {
  return `${path}.ip-masq-backup`
}

/** The backup that install left next to the conflist. Undefined if there is none, and empty if it cannot be read. */
export function readBackup(place: Place): string | undefined {
  try {
    return withFile({ ...place, name: backupOf(place.name) }, readByteText)
  } catch (error) {
    return isMissing(error) ? undefined : ''
  }
}

/**
 * Replaces a lost backup by the conflist with ip-masq in it. Every later run sees from it that ip-masq was in this
 * network, and that nothing shows what was there before.
 */
export function replaceLostBackup(file: string, text: string): void {
  openConfig(file, (open, place) => {
    const withOurs = ownPluginsIn(text) > 0 ? text : addPlugin(text, BARE)
    placeFile({ ...place, name: backupOf(place.name) }, like(open, withOurs))
  })
}

export interface Edit {
  readonly file: string
  /** The text that was read. */
  readonly text: string
  readonly edited: string
  readonly keepBackup: boolean
}

/**
 * Replaces a conflist by its edited text. Owner, mode and extended attributes stay as they are; the backup gets the same.
 * Returns lines about what could not be verified.
 */
export function replaceConflist({ file, text, edited, keepBackup }: Edit): string[] {
  return openConfig(file, (open, place) => {
    if (readByteText(open) !== text) throw new ChangedError()
    const backup = { ...place, name: backupOf(place.name) }
    // An existing backup is from before the first install. A text that we have edited ourselves needs no backup.
    const there = readBackup(place)
    const isNews = there === undefined || (ownPluginsIn(text) === 0 && !isStillNeeded(there, text))
    const saved = keepBackup && isNews ? placeFile(backup, like(open, text)) : []
    const check = () => requireUnchanged(place, text)
    return [...new Set([...saved, ...placeFile(place, { ...like(open, edited), check })])]
  })
}

/** Does what `replaceConflist` does, and tries up to three times if the conflist's owner writes the file at the same time. */
export function editConflist(
  file: string,
  edit: (text: string) => string,
): { readonly path: string; readonly said: readonly string[] } {
  for (let attempt = 1; ; attempt++) {
    const { text, path } = openConfig(file, (open, { directory, name }) => ({
      text: readByteText(open),
      path: `${directory.path}/${name}`,
    }))
    try {
      return { path, said: replaceConflist({ file, text, edited: edit(text), keepBackup: false }) }
    } catch (error) {
      if (!(error instanceof ChangedError) || attempt === 3) throw error
    }
  }
}

function like({ status, descriptor }: OpenFile, text: string): Placement {
  return {
    content: { bytes: bytesOf(text) },
    mode: status.mode & 0o777,
    owner: status,
    attributesOf: descriptor,
  }
}

function requireUnchanged(place: Place, text: string): void {
  if (withFile(place, readByteText) !== text) throw new ChangedError()
}
