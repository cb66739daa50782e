import { bootSeconds, epochSeconds } from '#system/clock'
import { statusOfEntry } from '#system/files'
import { basename } from '../system/paths'

/** Decides which attachments a file of a result cache may describe that cannot be read. */

/** Whether the file may belong to a pod of this boot. */
export function mayHideAttachment(path: string): boolean {
  return attachmentsNamed(path).length > 0 && isOfLivePod(path)
}

/** libcni writes a file in place, so the file is torn for a moment. */
const WRITTEN_SECONDS = 5

/**
 * Whether the file may belong to a pod that is alive. A power loss leaves files of pods that no longer exist, and a file
 * that is being written is read by the next sync. Times of day may be wrong, so a file from the future counts.
 */
function isOfLivePod(path: string): boolean {
  const { modifiedMs } = statusOfEntry(path) ?? {}
  if (modifiedMs === undefined) return true
  const age = epochSeconds() - modifiedMs / 1000
  return age < 0 || (age > WRITTEN_SECONDS && age <= bootSeconds())
}

/**
 * The attachments that an unreadable file may describe. Its name joins three fields with "-", and all three may contain
 * one, so every way to split it counts.
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
