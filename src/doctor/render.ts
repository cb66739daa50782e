import { printLines } from '../cni/printable'
import { VERSION } from '../system/version'
import type { Group } from './examine'
import { exitStatus, type Finding, type Level } from './finding'

const WORDS: Readonly<Record<Level, string>> = {
  ok: 'ok',
  note: 'note',
  warning: 'warning',
  error: 'ERROR',
  unseen: 'unseen',
}

const WIDTH = 9

/** Renders a finding for people: a line, and below it why it matters and what mends it. */
export function renderFinding(finding: Finding): string {
  const { level, what } = finding
  const [why, mend] = [reason(finding), remedy(finding)]
  return printLines([
    `  ${WORDS[level].padEnd(WIDTH)}${what}`,
    ...(why === undefined ? [] : [`${' '.repeat(WIDTH + 2)}why: ${why}`]),
    ...(mend === undefined ? [] : [`${' '.repeat(WIDTH + 2)}mend: ${mend}`]),
  ])
}

function reason(finding: Finding): string | undefined {
  return 'why' in finding ? finding.why : undefined
}

function remedy(finding: Finding): string | undefined {
  return 'mend' in finding ? finding.mend : undefined
}

/** The last line of the output. */
export function summarise(findings: readonly Finding[]): string {
  const count = (level: Level) => findings.filter((one) => one.level === level).length
  const [errors, warnings, unseen] = [count('error'), count('warning'), count('unseen')]
  const parts = [
    ...(errors > 0 ? [`${errors} ${errors === 1 ? 'error' : 'errors'}`] : []),
    ...(warnings > 0 ? [`${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`] : []),
    ...(unseen > 0 ? [`${unseen} ${unseen === 1 ? 'thing' : 'things'} could not be looked at`] : []),
  ]
  return parts.length === 0 ? 'healthy' : parts.join(', ')
}

/** Renders the same for programs (docs/json.md). */
export function findingsJson(groups: readonly Group[]): unknown {
  const all = groups.flatMap(({ title, findings }) =>
    findings.map((finding) => ({ group: title.toLowerCase(), finding })),
  )
  return {
    version: VERSION,
    status: exitStatus(all.map(({ finding }) => finding)),
    findings: all.map(({ group, finding }) => ({
      ...{ group, check: finding.check, level: finding.level, what: finding.what },
      why: reason(finding) ?? null,
      mend: remedy(finding) ?? null,
    })),
  }
}
