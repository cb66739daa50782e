/** What calls may take: bench/budget.json has them for each architecture, one for each compiler that was tried. */
export interface Budget {
  /** As `gcc (Debian 12.2.0-14+deb12u1) 12.2.0`. Another compiler makes other instructions of the same source. */
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

/**
 * The same where the compiler has no budget of its own: gcc 14 makes 15 % more instructions of VERSION than gcc 12, and 4 % more of
 * an ADD. What slips through here is seen on a machine whose compiler has a budget.
 */
const OTHER_COMPILER = 0.2

const NAMES = { instructions: 'instructions', faults: 'page faults' } as const

/** The budget of this compiler, or else the last one. Versions of a compiler with the same first number make the same. */
export function budgetFor(compiler: string, budgets: readonly Budget[]): Budget | undefined {
  return budgets.find((one) => isSameCompiler(one.compiler, compiler)) ?? budgets.at(-1)
}

/** Puts a budget in the place of the one of the same compiler, or behind the others. */
export function withBudget(own: Budget, budgets: readonly Budget[]): Budget[] {
  const place = budgets.findIndex((one) => isSameCompiler(one.compiler, own.compiler))
  return place < 0 ? [...budgets, own] : budgets.with(place, own)
}

function isSameCompiler(one: string, other: string): boolean {
  return majorOf(one) === majorOf(other)
}

/** `gcc 12` */
function majorOf(compiler: string): string {
  const [name = ''] = compiler.split(' ')
  return `${name} ${/(\d+)[.\d]*$/.exec(compiler)?.[1]}`
}

/** A line for each figure that is not near its budget; those over it are failures. */
export function compareWithBudget(found: Budget, budget: Budget) {
  const failures: string[] = []
  const hints: string[] = []
  const isOwn = isSameCompiler(found.compiler, budget.compiler)
  const tolerance = isOwn ? TOLERANCE : OTHER_COMPILER
  for (const [command, counts] of Object.entries(found.calls)) {
    for (const key of ['instructions', 'faults'] as const) {
      const allowed = budget.calls[command]?.[key]
      if (allowed === undefined) throw new Error(`bench/budget.json has no ${key} of ${command}`)
      const change = counts[key] / allowed - 1
      const percent = (Math.abs(change) * 100).toFixed(1)
      const line = `${command} takes ${counts[key]} ${NAMES[key]}, ${percent} % ${change > 0 ? 'more' : 'fewer'} than its budget of ${allowed}`
      if (change > tolerance) failures.push(line)
      if (change < -tolerance) hints.push(`${line}: lower the budget with scripts/bench counts --write`)
    }
  }
  if (!isOwn)
    hints.push(
      `bench/budget.json has no budget for ${found.compiler}, so up to ${OTHER_COMPILER * 100} % more than that of ${budget.compiler} is accepted; scripts/bench counts --write adds one`,
    )
  return { failures, hints }
}
