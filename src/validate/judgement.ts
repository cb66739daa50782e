import type { Path } from '../config/path'
import { resolve } from '../system/paths'
import type { Finding, Rule, Severity } from './finding'
import type { Text } from './text'

/** The terms on which files are judged. */
export interface Terms {
  /** Whether the files that a config names are looked for; they exist on nodes only. */
  readonly readsNamedFiles: boolean
  /**
   * The beginning of the paths of such files: nothing, or the directory that the operator named, which has them as a
   * node has them.
   */
  readonly filesRoot: string
}

/** The directory in which paths of named files begin, as an absolute path, because globs need one. */
export function namedFilesRoot({ filesRoot }: Terms): string {
  return filesRoot === '' ? '' : resolve(filesRoot)
}

/** The findings so far, and the terms. */
export interface Report {
  readonly terms: Terms
  readonly findings: Finding[]
  /** Faults of named files that were reported already, because several configs may name a file. */
  readonly judged: Set<string>
}

export function newReport(terms: Terms): Report {
  return { terms, findings: [], judged: new Set() }
}

/** Reads a file. If it cannot be read, that is reported, and the result is undefined. */
export type Read = (path: string) => Text | undefined

/** A part of a text: the beginning of its paths, and the document if there are several. */
export interface Part {
  readonly text: Text
  readonly path: Path
  readonly document?: number
}

export interface Said {
  readonly severity: Severity
  readonly rule: Rule
  /** The path inside the part; absent for the part itself. */
  readonly path?: Path
  readonly message: string
}

export function find({ findings }: Report, { text, path, document }: Part, said: Said): void {
  const { severity, rule, message } = said
  const place = text.placeOf([...path, ...(said.path ?? [])], document)
  findings.push({ severity, rule, file: text.file, place, message })
}

/** Adds a finding at a place of a file, or about a file as a whole. */
export function reportAt({ findings }: Report, file: string, said: Omit<Finding, 'file'>): void {
  findings.push({ ...said, file })
}
