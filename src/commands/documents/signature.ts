import { sha256 } from '#system/digest'
import { VERSION } from '../../system/version'

/**
 * Files that we write into shared directories have a line which shows that they are ours, and that nobody has edited
 * them since. uninstall removes only such files.
 */

const SIGNATURE = /^(.*)\bip-masq \S+ wrote this file; sha256 of its other lines: ([0-9a-f]{64})\n/m

/** `comment` has the beginning of a comment, and the end of the first line after which our line may come. */
export function sign(comment: string, [first = '', ...rest]: readonly string[]): string {
  const lines = [first, ...rest].map((line) => `${line}\n`)
  const signature = `${comment} ip-masq ${VERSION} wrote this file; sha256 of its other lines: ${sha256(lines.join(''))}\n`
  return [lines[0], signature, ...lines.slice(1)].join('')
}

/** `edited`: we wrote the file, and somebody has changed it since. */
export function whoseIs(text: string): 'ours' | 'edited' | 'of others' {
  const [line, , digest] = SIGNATURE.exec(text) ?? []
  if (line === undefined) return 'of others'
  return sha256(text.replace(line, '')) === digest ? 'ours' : 'edited'
}
