import { isMissing } from '../system/errors'
import { openConfig } from './conf-directory'
import type { Place } from './directory'
import { addPlugin, BARE, ownPluginsIn } from './edit-conflist'
import { type Placement, placeFile } from './place-file'
import { bytesOf, type OpenFile, readByteText, withFile } from './read-file'
import { isStillNeeded } from './restore-masquerade'

/** The file is not what was read a moment ago: its owner has just written it anew. */
export class ChangedError extends Error {}

/** What was there before install, under a name that no runtime reads. */
export function backupOf(path: string): string {
  return `${path}.ip-masq-backup`
}

/** What install left beside the conflist; undefined without one, and empty where there is something that cannot be read. */
export function readBackup(place: Place): string | undefined {
  try {
    return withFile({ ...place, name: backupOf(place.name) }, readByteText)
  } catch (error) {
    return isMissing(error) ? undefined : ''
  }
}

/**
 * Puts the conflist with ip-masq in it in the place of a backup that is lost. By that, every later run knows that ip-masq
 * was in this network, and that nothing shows what was there before.
 */
export function replaceLostBackup(file: string, text: string): void {
  openConfig(file, (open, place) => {
    const withOurs = ownPluginsIn(text) > 0 ? text : addPlugin(text, BARE)
    placeFile({ ...place, name: backupOf(place.name) }, like(open, withOurs))
  })
}

export interface Edit {
  readonly file: string
  /** What was read. */
  readonly text: string
  readonly edited: string
  readonly keepBackup: boolean
}

/**
 * Replaces a conflist by its edited text. Owner, mode and extended attributes stay as they are; the backup has the same.
 * Returns lines about what could not be made sure of.
 */
export function replaceConflist({ file, text, edited, keepBackup }: Edit): string[] {
  return openConfig(file, (open, place) => {
    if (readByteText(open) !== text) throw new ChangedError()
    const backup = { ...place, name: backupOf(place.name) }
    // A backup that is there is of before the first install; what we have edited ourselves is no news.
    const there = readBackup(place)
    const isNews = there === undefined || (ownPluginsIn(text) === 0 && !isStillNeeded(there, text))
    const saved = keepBackup && isNews ? placeFile(backup, like(open, text)) : []
    const check = () => requireUnchanged(place, text)
    return [...new Set([...saved, ...placeFile(place, { ...like(open, edited), check })])]
  })
}

/** Does what `replaceConflist` does, up to three times when its owner writes the file at the same time. */
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
