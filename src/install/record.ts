import { encode } from '#system/text'
import { hashOfContent } from './content'
import type { Directory } from './directory'
import { isInPlace, type Placement, placeFile, ROOT } from './place-file'

export const EXECUTABLE = 'ip-masq'

/**
 * The file with the digest of what install wrote, in the form of `sha256sum -c`: `ip-masq doctor` uses it to find out
 * what happened to the executable.
 */
export const RECORD = `${EXECUTABLE}.sha256`

export function digestIn(text: string): string | undefined {
  return /^([0-9a-f]{64}) [ *]ip-masq$/m.exec(text)?.[1]
}

/**
 * Writes the digest after the executable is in place. A crash between the two leaves an old digest, which the next
 * install replaces.
 */
export function record(directory: Directory, source: string): void {
  const digest = hashOfContent({ copyOf: source })
  const content = { bytes: encode(`${digest}  ${EXECUTABLE}\n`) }
  const placement: Placement = { content, mode: 0o644, owner: ROOT }
  const place = { directory, name: RECORD, authors: [], openTo: undefined }
  if (!isInPlace(place, placement)) placeFile(place, placement)
}

/**
 * Writes the digest if it can. The right executable may be in a directory that cannot be written to, and then there is
 * nothing to install.
 */
export function recordIfPossible(directory: Directory, source: string): void {
  try {
    record(directory, source)
  } catch {}
}
