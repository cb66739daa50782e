import type { Path } from '../config/path'
import { resolve } from '../system/paths'
import type { Finding, Rule, Severity } from './finding'
import type { Text } from './text'

/** How files are judged. */
export interface Terms {
  /** Whether the files that a config names are looked for; they exist on nodes only. */
  readonly readsNamedFiles: boolean
  /** What comes before the paths of such files: nothing, or a directory that has them as a node has them, as the operator named it. */
  readonly filesRoot: string
}

/** The directory from which paths of named files go on, for the machine: what finds globs wants it from the root on. */
export function namedFilesRoot({ filesRoot }: Terms): string {
  return filesRoot === '' ? '' : resolve(filesRoot)
}

/** Findings as they come, and what they are about. */
export interface Report {
  readonly terms: Terms
  readonly findings: Finding[]
  /** Files that are named by several configs are judged once. */
  readonly judged: Set<string>
}

export function newReport(terms: Terms): Report {
  return { terms, findings: [], judged: new Set() }
}

/** Reads a file; undefined where it cannot be read, which is reported then. */
export type Read = (path: string) => Text | undefined

/** A part of a text: what paths begin with, and in which document of several. */
export interface Part {
  readonly text: Text
  readonly path: Path
  readonly document?: number
}

export interface Said {
  readonly severity: Severity
  readonly rule: Rule
  /** From the part on; absent for the part itself. */
  readonly path?: Path
  readonly message: string
}

export function find({ findings }: Report, { text, path, document }: Part, said: Said): void {
  const { severity, rule, message } = said
  const place = text.placeOf([...path, ...(said.path ?? [])], document)
  findings.push({ severity, rule, file: text.file, place, message })
}

/** A finding at a place of a file, or about a file as a whole. */
export function reportAt({ findings }: Report, file: string, said: Omit<Finding, 'file'>): void {
  findings.push({ ...said, file })
}
