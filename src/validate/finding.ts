/** The findings of `ip-masq validate`. */

/**
 * `error`: an ADD fails, no runtime loads the file, or traffic is masqueraded that the config exempts. `warning`: it works,
 * and is most likely not what was meant, or does not work everywhere. `note`: good to know.
 */
export const SEVERITIES = ['error', 'warning', 'note'] as const

export type Severity = (typeof SEVERITIES)[number]

/** The names of faults. They stay the same, for programs that sort findings. docs/json.md explains each. */
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
  /**
   * The place in a text that is one value of the file. It is given if the file does not have that text line by line.
   */
  readonly inside?: { readonly line: number; readonly column: number }
}

export interface Finding {
  readonly severity: Severity
  readonly rule: Rule
  /** The file as the operator named it; `-` is stdin. */
  readonly file: string
  /** Absent if the finding is about a file or a directory as a whole. */
  readonly place?: Place
  readonly message: string
}

/**
 * Sorts findings by file, in the order in which the files came, and then by line. Findings about a whole file come
 * first. A finding appears only once, even if its file was named twice.
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
