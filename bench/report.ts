/** One comparison: ours against another figure of the same run. */
export interface Row {
  readonly what: string
  /** Pods whose rules were there already. */
  readonly n: number
  readonly unit: 'ms' | 'us' | 'MiB' | '%'
  readonly own: number
  readonly against: string
  readonly other: number
  /** The largest ratio that we accept, where there is one. */
  readonly limit?: number
}

export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

const digits = (unit: Row['unit']) => (unit === '%' ? 2 : 1)

export function renderRows(rows: readonly Row[]): string {
  const cells = rows.map(({ what, n, unit, own, against, other, limit }) => {
    const ratio = own / other
    const verdict = limit === undefined ? '' : ratio <= limit ? 'reached' : 'MISSED'
    return [
      what,
      String(n),
      `${own.toFixed(digits(unit))} ${unit}`,
      `${other.toFixed(digits(unit))} ${unit}`,
      against,
      `${ratio.toFixed(2)}x`,
      limit === undefined ? '' : `${limit}x`,
      verdict,
    ]
  })
  const table = [['', 'N', 'ip-masq', 'other', '', 'ratio', 'at most', ''], ...cells]
  const widths = table[0]?.map((_, i) => Math.max(...table.map((row) => row[i]?.length ?? 0))) ?? []
  return table
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
