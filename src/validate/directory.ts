import { entriesIn } from '#system/files'
import { networkFiles } from '../cni/conf-dir'
import { quote } from '../cni/error'
import { hasAgentKey } from '../config/agent-file'
import { parseTextValues } from '../config/text-value'
import { isNamedInConfig } from '../install/nested-plugins'
import { shapeFault } from '../install/target'
import { isDirectory } from '../system/absent'
import type { Entry } from '../system/files'
import { basename, join } from '../system/paths'
import { type CniText, judgeCni, readCni } from './cni-text'
import { type DropIns, dropInsOf, judgeStrayDropIns } from './drop-ins'
import { isCniConfig, type Judged, judgeText } from './file'
import type { Finding } from './finding'
import { find, type Read, type Report, reportAt } from './judgement'
import { isManifest } from './manifest'
import { hasOurs } from './network'
import type { Text } from './text'

export interface JudgedFile extends Judged {
  readonly file: string
}

/** Judges a directory in the way in which a runtime reads its conf directory, and the manifests in it. */
export async function judgeDirectory(
  report: Report,
  directory: string,
  readAny: Read,
): Promise<JudgedFile[]> {
  let isAllRead = true
  const read: Read = (path) => {
    const text = readAny(path)
    isAllRead &&= text !== undefined
    return text
  }
  const entries = entriesIn(directory)
  const names = entries.filter(({ kind }) => kind !== 'directory').map(({ name }) => name)
  const taken: Taken = { names: new Map() }
  const judged: JudgedFile[] = []
  // If a directory has only JSON files, nothing says that a runtime reads them.
  const isConfDir = names.some((name) => /\.conf(list)?$/.test(name))
  const networkNames = isConfDir ? networkFiles(names) : []
  for (const name of networkNames) {
    const path = join(directory, name)
    if (isDirectory(path)) {
      reportLinkToDirectory(report, path, taken)
      continue
    }
    const text = read(path)
    if (!text) continue
    judged.push({ ...(await judgeNetworkFile(report, text, { directory, taken, read })), file: text.file })
  }
  const others = names.filter((name) => !networkNames.includes(name) && /\.(ya?ml|json)$/.test(name))
  for (const name of others.sort()) {
    const path = join(directory, name)
    const text = isDirectory(path) ? undefined : read(path)
    if (text && (await isAbout(text))) judged.push({ ...(await judgeText(report, text)), file: text.file })
  }
  if (isConfDir) reportSkipped(report, directory, entries)
  await judgeStrayDropIns(report, { directory, entries, networks: taken.names, read })
  // A file that could not be read may be all that there is.
  if (isAllRead) reportNothing(report, directory, judged)
  return judged
}

/** libcni leaves out directories, but not links to them (`ConfFiles`). It cannot read such a link as a file. */
function reportLinkToDirectory({ findings }: Report, file: string, taken: Taken): void {
  const message = 'Cannot read this: it is a link to a directory; remove it, or let it lead to a file'
  const finding: Finding = { severity: 'error', rule: 'file-name', file, message }
  findings.push(ranked(finding, { isFirst: taken.file === undefined, isOurs: false }))
  taken.file ??= file
}

function reportSkipped(report: Report, directory: string, entries: readonly Entry[]): void {
  const directories = entries.filter(({ kind }) => kind === 'directory').map(({ name }) => name)
  for (const name of networkFiles(directories)) {
    const message = 'this is a directory, and runtimes read files only: they skip it'
    reportAt(report, join(directory, name), { severity: 'note', rule: 'file-name', message })
  }
}

/** The files that a runtime has read before it comes to a file. */
interface Taken {
  /** The file that it takes for its pods, which is the first one by name. */
  file?: string
  /** The files that define the networks, by the networks' names. */
  readonly names: Map<string, string>
}

interface Place {
  readonly directory: string
  readonly taken: Taken
  readonly read: Read
}

async function judgeNetworkFile(
  report: Report,
  text: Text,
  { directory, taken, read }: Place,
): Promise<Judged> {
  const own: Finding[] = []
  const ownReport = { ...report, findings: own }
  const cni = readCni(ownReport, text)
  if (cni && cni.value.type === undefined && isManifest(cni.value)) return judgeText(report, text)
  const isFirst = taken.file === undefined
  const name = cni?.value.name
  const known = typeof name === 'string' ? taken.names.get(name) : undefined
  const dropIns: DropIns = cni && known === undefined ? dropInsOf(ownReport, cni, { directory, read }) : []
  const networks = cni ? await judgeCni(ownReport, cni, { isNamed: true, dropIns }) : []
  const isBroken = !cni || shapeFault(text.file, cni.value) !== undefined
  const isOurs = cni ? isNamedInConfig(cni.value) || networks.some(hasOurs) : text.text.includes('"ip-masq"')
  if (typeof name === 'string' && known === undefined) taken.names.set(name, text.file)
  if (cni && isOurs) reportRank(ownReport, cni, { first: taken.file, known })
  // The file of Multus is first everywhere, and leaves the pods' network to the next one.
  if (cni?.value.type !== 'multus') taken.file ??= text.file
  for (const finding of own) report.findings.push(isBroken ? ranked(finding, { isFirst, isOurs }) : finding)
  return { kind: isBroken ? 'broken' : 'network', networks }
}

/**
 * A broken file stops containerd if it is the first one. Other broken files that have nothing to do with ip-masq are no
 * error.
 */
function ranked(finding: Finding, { isFirst, isOurs }: { isFirst: boolean; isOurs: boolean }): Finding {
  if (finding.severity !== 'error') return finding
  if (isFirst) {
    const message = `${finding.message}; containerd takes this file first, and loads no network because of it`
    return { ...finding, message }
  }
  return isOurs ? finding : { ...finding, severity: 'warning' }
}

function reportRank(
  report: Report,
  { text, value }: CniText,
  { first, known }: { readonly first: string | undefined; readonly known: string | undefined },
): void {
  const part = { text, path: [] }
  if (known !== undefined) {
    const message = `the network ${quote(value.name)} is in ${known} already, which comes first by name, so this file is not used: rename or remove one of them`
    find(report, part, { severity: 'warning', rule: 'same-name', path: ['name'], message })
  } else if (first !== undefined) {
    const unless =
      value.name === undefined
        ? ''
        : `, unless the runtime names ${quote(value.name)} (CRI-O: cni_default_network)`
    const message = `runtimes use ${basename(first)} for pods, because it is the first file by name, and not this one: rename or remove that file${unless}`
    find(report, part, { severity: 'warning', rule: 'not-first', message })
  }
}

/** A YAML file may be anything. It is left alone if nothing in it looks like ours. */
async function isAbout({ text }: Text): Promise<boolean> {
  try {
    const values = (await parseTextValues(text)).map(({ value }) => value)
    return values.some((value) => isManifest(value) || isCniConfig(value) || hasAgentKey(value))
  } catch {
    return /ip-masq|nonMasqueradeCIDRs/i.test(text)
  }
}

function reportNothing(report: Report, directory: string, judged: readonly JudgedFile[]): void {
  if (judged.every(({ kind }) => kind === 'nothing')) {
    const message =
      'Cannot find anything to validate: there is no conflist in it, and no manifest with a config of ours'
    reportAt(report, directory, { severity: 'error', rule: 'nothing-here', message })
    return
  }
  const isAny = judged.some(({ kind, networks }) => kind !== 'network' || networks.some(hasOurs))
  if (isAny) return
  const message = 'no conflist in it has ip-masq: run ip-masq install, or name another directory'
  reportAt(report, directory, { severity: 'warning', rule: 'no-ip-masq', message })
}
