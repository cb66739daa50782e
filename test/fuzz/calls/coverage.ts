import type { Call } from './operations'
import type { Reply } from './perform'

/** What a run has done: a run that did nothing must not look like one that found nothing. */
export interface Coverage {
  operations: number
  /** How often a kernel was compared with what it should have. */
  comparisons: number
  sequences: number
  killed: number
  /** Calls of which a tool ran into its deadline. */
  cutShort: number
  count(call: Call, reply: Pick<Reply, 'status' | 'code' | 'stderr'>): void
  /** Call -> outcome -> how often. */
  readonly calls: ReadonlyMap<string, ReadonlyMap<string, number>>
}

export function createCoverage(): Coverage {
  const calls = new Map<string, Map<string, number>>()
  return {
    ...{ operations: 0, comparisons: 0, sequences: 0, killed: 0, cutShort: 0, calls },
    count(call, { status, code, stderr }) {
      const outcomes = calls.get(call.call) ?? new Map<string, number>()
      calls.set(call.call, outcomes)
      const outcome = `${code ?? status ?? 'killed'}${stderr === '' ? '' : ' with a warning'}`
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    },
  }
}

export function renderCoverage({ calls, ...counts }: Coverage): string {
  const lines = [...calls].map(([call, outcomes]) => {
    const parts = [...outcomes].sort().map(([outcome, count]) => `${outcome}: ${count}`)
    return `  ${call.padEnd(8)} ${parts.join(', ')}`
  })
  const { sequences, operations, comparisons, killed, cutShort } = counts
  return [
    `${sequences} sequences, ${operations} operations, ${comparisons} comparisons with a kernel, ${killed} calls killed, ${cutShort} cut short`,
    'calls by outcome (0, or the code of the error):',
    ...lines,
  ].join('\n')
}
