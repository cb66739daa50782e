import { quote } from '../cni/error'
import { LARGEST_CONFIG_FILE, readSmallFile } from '../cni/small-file'
import type { Fault } from '../config/fault'
import { FLANNEL_SUBNET_FILE } from '../config/flannel'
import type { Config } from '../config/keys'
import type { Path } from '../config/path'
import { expand } from '../config/sources'
import { find, namedFilesRoot, type Part, type Report } from './judgement'
import { splitPlace } from './lines'
import { fileText, type Text } from './text'

/**
 * Reports a fault in a file that a config names, at its place in that file. It is reported once, however many configs
 * name the file.
 */
export function reportFileFault(
  { terms, findings, judged }: Report,
  { file: named, path, message: said }: Fault & { readonly file: string },
): void {
  const file = `${terms.filesRoot}${named}`
  const { place: inText, rest: message } = splitPlace(said)
  const key = JSON.stringify([file, path, message.replace(/configFiles\[\d+\]/, 'configFiles')])
  if (judged.has(key)) return
  judged.add(key)
  const text = textOf(file)
  const place = text && (inText ? text.placeAt(inText) : text.placeOf(path))
  findings.push({ severity: 'error', rule: 'agent-file', file, ...(place && { place }), message })
}

/** Reads the file again. It may be another one by now. */
function textOf(file: string): Text | undefined {
  try {
    return fileText(file, readSmallFile(file, LARGEST_CONFIG_FILE))
  } catch {
    return undefined
  }
}

/**
 * Warns of files that are not looked at, and of globs that fit no file. No ADD fails because of them, but a list may be
 * missing.
 */
export async function reportNamedFiles(
  report: Report,
  part: Part,
  { configFiles, flannelSubnetFile }: Config,
): Promise<void> {
  const warn = (path: Path, message: string) =>
    find(report, part, { severity: 'warning', rule: 'named-file', path, message })
  const { readsNamedFiles } = report.terms
  const root = namedFilesRoot(report.terms)
  const notLooked =
    'is not looked at, because only nodes have it; name a directory that has it with --files-root'
  for (const [i, entry] of configFiles.entries()) {
    const what = `configFiles[${i}] ${quote(entry)}`
    if (!readsNamedFiles) warn(['configFiles', i], `${what} ${notLooked}`)
    else if ((await expandOrNone(`${root}${entry}`)).length === 0)
      warn(['configFiles', i], `${what} matches no file: ADDs work, but it adds no list`)
  }
  if (readsNamedFiles || flannelSubnetFile === false) return
  const file = flannelSubnetFile === true ? FLANNEL_SUBNET_FILE : flannelSubnetFile
  warn(['flannelSubnetFile'], `flannelSubnetFile ${quote(file)} ${notLooked}`)
}

/** A glob that cannot be read has been refused already. */
async function expandOrNone(entry: string): Promise<readonly string[]> {
  try {
    return await expand(entry)
  } catch {
    return [entry]
  }
}
