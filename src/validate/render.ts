import { VERSION } from '../system/version'
import type { Finding, Place, Severity } from './finding'
import type { Format } from './formats'
import { pluginsOf } from './network'
import type { Verdict } from './validate'

/** The output of `ip-masq validate`. */

/** One line for each finding, and a summary. */
export function renderVerdict({ files, findings }: Verdict, format: Format): string[] {
  const lines = findings.map(format === 'github' ? renderAnnotation : renderLine)
  return [...lines, summaryOf(files.length, findings)]
}

/** `FILE:LINE:COLUMN: error: MESSAGE`, which editors and CI systems know from compilers. */
function renderLine({ file, place, severity, message }: Finding): string {
  const at = place ? `${file}:${place.line}:${place.column}` : file
  return `${at}: ${severity}: ${message}${insideOf(place)}`
}

function insideOf(place: Place | undefined): string {
  const inside = place?.inside
  return inside ? ` (line ${inside.line}, column ${inside.column} of this text)` : ''
}

const COMMANDS: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', note: 'notice' }

/** A workflow command of GitHub Actions, which shows the message at the line of a pull request. */
function renderAnnotation({ file, place, severity, message }: Finding): string {
  const properties = [
    ...(file === '-' ? [] : [`file=${escapeProperty(file)}`]),
    ...(place ? [`line=${place.line}`, `col=${place.column}`] : []),
  ]
  const head = [COMMANDS[severity], properties.join(',')].filter((part) => part !== '').join(' ')
  return `::${head}::${escapeData(message + insideOf(place))}`
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

export function countOf(findings: readonly Finding[], severity: Severity): number {
  return findings.filter((finding) => finding.severity === severity).length
}

/** The summary is printed even without findings, because silence would not show whether anything was looked at. */
function summaryOf(files: number, findings: readonly Finding[]): string {
  const counted = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`
  const [errors, warnings] = [countOf(findings, 'error'), countOf(findings, 'warning')]
  return `${counted(files, 'file')} judged: ${counted(errors, 'error')}, ${counted(warnings, 'warning')}`
}

/** The output of `--json` (docs/json.md). */
export function verdictJson({ files, findings }: Verdict, status: number) {
  return {
    version: VERSION,
    status,
    errors: countOf(findings, 'error'),
    warnings: countOf(findings, 'warning'),
    notes: countOf(findings, 'note'),
    files: files.map(({ file, kind, networks }) => ({
      file,
      kind,
      networks: networks.map((network) => ({
        name: network.list.name ?? null,
        plugins: pluginsOf(network).map(({ plugin }) => String(plugin.type)),
      })),
    })),
    findings: findings.map(({ file, place, severity, rule, message }) => ({
      file,
      line: place?.line ?? null,
      column: place?.column ?? null,
      severity,
      rule,
      message: `${message}${insideOf(place)}`,
    })),
  }
}
