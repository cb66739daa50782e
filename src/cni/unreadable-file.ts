import { bootSeconds, epochSeconds } from '#system/clock'
import { statusOfEntry } from '#system/files'
import { basename } from '../system/paths'

/** A file of a result cache that cannot be read: for whom it may stand. */

/** Whether a pod of this boot may be behind it. */
export function mayHideAttachment(path: string): boolean {
  return attachmentsNamed(path).length > 0 && isOfLivePod(path)
}

/** libcni writes a file where it is, so that it is torn for a moment. */
const WRITTEN_SECONDS = 5

/**
 * A power loss leaves files of pods behind that are not there any more, and one that is being written is read by the next
 * sync. Times of the day may be wrong: a file of the future counts.
 */
function isOfLivePod(path: string): boolean {
  const { modifiedMs } = statusOfEntry(path) ?? {}
  if (modifiedMs === undefined) return true
  const age = epochSeconds() - modifiedMs / 1000
  return age < 0 || (age > WRITTEN_SECONDS && age <= bootSeconds())
}

/**
 * The attachments that an unreadable file may stand for. Its name joins three fields with "-", and all three may
 * contain one, so every way to take it apart counts.
 */
export function attachmentsNamed(file: string): { containerID: string; ifname: string }[] {
  const parts = basename(file).split('-')
  const possible = []
  for (let from = 1; from < parts.length - 1; from++) {
    for (let to = from + 1; to < parts.length; to++) {
      possible.push({ containerID: parts.slice(from, to).join('-'), ifname: parts.slice(to).join('-') })
    }
  }
  return possible
}
