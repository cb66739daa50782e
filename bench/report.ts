/** One comparison: ours against another figure of the same run. */
export interface Row {
  readonly what: string
  /** Pods whose rules were there already. */
  readonly n: number
  /** `M`: millions; an empty one is a number of things. */
  readonly unit: 'ms' | 'us' | 'MiB' | 'MB' | '%' | 'M' | ''
  readonly own: number
  readonly against: string
  readonly other: number
  /** The largest ratio that we accept, where there is one. */
  readonly limit?: number
}

/** Samples by name. */
export interface Samples {
  add(name: string, value: number): void
  median(name: string): number
}

export function createSamples(): Samples {
  const all = new Map<string, number[]>()
  return {
    add(name, value) {
      all.set(name, [...(all.get(name) ?? []), value])
    },
    median: (name) => median(all.get(name) ?? []),
  }
}

export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** A figure that has to be below a stated one. */
export function atMost(limit: number): Pick<Row, 'against' | 'other' | 'limit'> {
  return { against: 'the limit', other: limit, limit: 1 }
}

const DIGITS: Readonly<Record<Row['unit'], number>> = { ms: 1, us: 1, MiB: 1, MB: 2, '%': 2, M: 1, '': 0 }

/** What the other side's masquerade costs is a difference, and on a busy machine it may come out as nothing or less. */
function verdictOf(ratio: number, limit: number): string {
  if (!(ratio >= 0 && Number.isFinite(ratio))) return 'too noisy'
  return ratio <= limit ? 'reached' : 'MISSED'
}

export function renderRows(rows: readonly Row[]): string {
  const cells = rows.map(({ what, n, unit, own, against, other, limit }) => {
    const ratio = own / other
    const verdict = limit === undefined ? '' : verdictOf(ratio, limit)
    const figure = (value: number) => `${value.toFixed(DIGITS[unit])} ${unit}`.trim()
    return [
      what,
      String(n),
      figure(own),
      figure(other),
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
