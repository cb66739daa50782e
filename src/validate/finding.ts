/** What `ip-masq validate` finds. */

/**
 * `error`: an ADD fails, no runtime loads the file, or traffic is masqueraded that the config exempts. `warning`: it works,
 * and is most likely not what was meant, or does not work everywhere. `note`: good to know.
 */
export const SEVERITIES = ['error', 'warning', 'note'] as const

export type Severity = (typeof SEVERITIES)[number]

/** What is wrong, by a name that stays the same: for programs that sort findings. docs/json.md explains each. */
export const RULES = [
  ...(['unreadable', 'syntax', 'repeated-key', 'file-name', 'shape', 'network-name', 'version'] as const),
  ...(['old-runtime', 'order', 'twice', 'config', 'named-file', 'agent-file'] as const),
  ...(['primary-masquerade', 'neighbour', 'not-first', 'same-name', 'drop-in', 'pointless'] as const),
  ...(['family-left-out', 'ignored', 'no-ip-masq', 'nothing-here'] as const),
] as const

export type Rule = (typeof RULES)[number]

/** Line and column in a file, both from 1 on, as editors count them. */
export interface Place {
  readonly line: number
  readonly column: number
  /** Where it is in a text that the file has as one value, where that text is not written there line by line. */
  readonly inside?: { readonly line: number; readonly column: number }
}

export interface Finding {
  readonly severity: Severity
  readonly rule: Rule
  /** As the operator named it; `-` is stdin. */
  readonly file: string
  /** Absent for what is wrong with a file or a directory as a whole. */
  readonly place?: Place
  readonly message: string
}

/**
 * File by file, as they came, and line by line; each finding once, though a file was named twice. What is about a whole file
 * comes before its lines.
 */
export function inOrder(findings: readonly Finding[]): Finding[] {
  const files = new Map<string, Finding[]>()
  const distinct = new Map(findings.map((finding) => [JSON.stringify(finding), finding]))
  for (const finding of distinct.values()) {
    const known = files.get(finding.file)
    if (known) known.push(finding)
    else files.set(finding.file, [finding])
  }
  return [...files.values()].flatMap((own) => own.sort(compare))
}

function compare({ place: one }: Finding, { place: other }: Finding): number {
  const lines = (one?.line ?? 0) - (other?.line ?? 0)
  return lines || (one?.column ?? 0) - (other?.column ?? 0)
}
