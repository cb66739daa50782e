import { type Coverage, createCoverage } from './coverage'
import { generator } from './generate'
import { createLane, LANE_KINDS } from './lane'
import type { Operation } from './operations'
import { randomFrom } from './random'
import type { Found } from './report'
import { runSequence } from './run'
import { shrink } from './shrink'

export interface Options {
  readonly seeds: Iterable<number>
  /** Of one sequence. */
  readonly steps: number
  /** Names; none means all. */
  readonly lanes: readonly string[]
  /** Of Date.now(): no sequence begins after it. */
  readonly end: number
  readonly shrinkMs: number
  /** How many failures are enough. */
  readonly failures: number
  readonly onFound?: (found: Found) => void
}

export interface Outcome {
  readonly found: readonly Found[]
  readonly coverage: Coverage
}

export function operationsOf(seed: number, steps: number): Operation[] {
  const { next } = generator(randomFrom(seed))
  return Array.from({ length: steps }, next)
}

/** Runs a sequence for each seed until the time is over, in all lanes side by side. */
export async function fuzz(options: Options): Promise<Outcome> {
  const { seeds, steps, end, shrinkMs, failures } = options
  const kinds = LANE_KINDS.filter(({ name }) => options.lanes.length === 0 || options.lanes.includes(name))
  const lanes = await Promise.all(kinds.map(createLane))
  const found: Found[] = []
  const coverage = createCoverage()
  try {
    for (const seed of seeds) {
      if (Date.now() >= end || found.length >= failures) break
      const operations = operationsOf(seed, steps)
      const failure = await runSequence(lanes, operations, { coverage, end })
      coverage.sequences += 1
      if (!failure) continue
      const shrunk = shrinkMs > 0 ? await shrink(operations, failure, Date.now() + shrinkMs) : undefined
      const one = { seed, failure, ...(shrunk && { shrunk }) }
      found.push(one)
      options.onFound?.(one)
    }
  } finally {
    await Promise.all(lanes.map((lane) => lane.delete()))
  }
  return { found, coverage }
}
