/** The keys and indices that lead to a value: `['plugins', 1, 'nonMasqueradeCIDRs', 0]`. */
export type Path = readonly (string | number)[]

/** Formats a path as a reader would look for it: `nonMasqueradeCIDRs[1]`. */
export function formatPath(path: Path): string {
  return path.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i ? '.' : ''}${part}`)).join('')
}
