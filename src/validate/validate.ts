import { readStdin } from '#system/streams'
import { readSmallFile } from '../cni/small-file'
import { isDirectory } from '../system/absent'
import { errorCode } from '../system/errors'
import { inPlainWords } from '../system/plain-words'
import { type JudgedFile, judgeDirectory } from './directory'
import { judgeText } from './file'
import { type Finding, inOrder } from './finding'
import { newReport, type Report, reportAt, type Terms } from './judgement'
import { hasOurs } from './network'
import { fileText, type Text } from './text'

/** The files that were judged, and the findings. */
export interface Verdict {
  readonly files: readonly JudgedFile[]
  readonly findings: readonly Finding[]
}

/** Judges files and directories as they are named; `-` is stdin. */
export async function validate(paths: readonly string[], terms: Terms): Promise<Verdict> {
  const report = newReport(terms)
  const files: JudgedFile[] = []
  for (const path of withoutRepeats(paths)) files.push(...(await judgePath(report, path)))
  const isAny = files.some(({ kind }) => kind !== 'nothing')
  return { files, findings: inOrder(isAny ? report.findings : report.findings.map(refuseNothing)) }
}

/** Stdin can be read only once. */
function withoutRepeats(paths: readonly string[]): readonly string[] {
  return paths.filter((path, i) => path !== '-' || paths.indexOf(path) === i)
}

const NOTHING = 'there is no config in it that has to do with ip-masq'

/** One file of many may have nothing to do with us. If all of them have not, a success would hide a wrong path. */
function refuseNothing(finding: Finding): Finding {
  if (finding.message !== NOTHING) return finding
  return { ...finding, severity: 'error', message: `Cannot find anything to validate: ${NOTHING}` }
}

async function judgePath(report: Report, path: string): Promise<JudgedFile[]> {
  const read = (file: string) => readText(report, file)
  if (path !== '-' && isDirectory(path)) {
    try {
      return await judgeDirectory(report, path, read)
    } catch (error) {
      if (errorCode(error) === undefined) throw error
      reportUnreadable(report, path, error)
      return []
    }
  }
  const text = read(path)
  if (!text) return []
  const judged = await judgeText(report, text)
  if (judged.kind === 'network' && !judged.networks.some(hasOurs)) {
    const message =
      'ip-masq is not in it: run ip-masq install, or write { "type": "ip-masq" } after the plugin that gives the address'
    reportAt(report, path, { severity: 'warning', rule: 'no-ip-masq', message })
  }
  if (judged.kind === 'nothing') {
    reportAt(report, path, { severity: 'note', rule: 'nothing-here', message: NOTHING })
  }
  return [{ ...judged, file: path }]
}

function readText(report: Report, file: string): Text | undefined {
  try {
    return fileText(file, file === '-' ? readStdin() : readSmallFile(file))
  } catch (error) {
    reportUnreadable(report, file, error)
    return undefined
  }
}

function reportUnreadable(report: Report, file: string, error: unknown): void {
  const message = `Cannot read this: ${inPlainWords(error)}`
  reportAt(report, file, { severity: 'error', rule: 'unreadable', message })
}
