/** What calls may take: bench/budget.json has one for each architecture. */
export interface Budget {
  /** It compiled the engine: another one makes other instructions of the same source. */
  readonly compiler: string
  readonly calls: Calls
}

/**
 * Instructions of one executable differ by a few hundred between runs and machines. Page faults differ by 1 % between runs
 * and by 2 % between file systems, because the kernel maps more or less of a file at once.
 */
export type Counts = Readonly<Record<'instructions' | 'faults', number>>

/** Counts by the CNI command. */
export type Calls = Readonly<Record<string, Counts>>

/** A call may take so much more than its budget. When it takes so much less, the budget guards nothing any more. */
const TOLERANCE = 0.03

const NAMES = { instructions: 'instructions', faults: 'page faults' } as const

/** A line for each figure that is not near its budget; those over it are failures. */
export function compareWithBudget(found: Budget, budget: Budget) {
  const failures: string[] = []
  const hints: string[] = []
  for (const [command, counts] of Object.entries(found.calls)) {
    for (const key of ['instructions', 'faults'] as const) {
      const allowed = budget.calls[command]?.[key]
      if (allowed === undefined) throw new Error(`bench/budget.json has no ${key} of ${command}`)
      const change = counts[key] / allowed - 1
      const percent = (Math.abs(change) * 100).toFixed(1)
      const line = `${command} takes ${counts[key]} ${NAMES[key]}, ${percent} % ${change > 0 ? 'more' : 'fewer'} than its budget of ${allowed}`
      if (change > TOLERANCE) failures.push(line)
      if (change < -TOLERANCE) hints.push(`${line}: lower the budget with scripts/bench counts --write`)
    }
  }
  if (failures.length > 0 && found.compiler !== budget.compiler)
    hints.push(`${found.compiler} compiled this executable, and ${budget.compiler} the one of the budget`)
  return { failures, hints }
}
