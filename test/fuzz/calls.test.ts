import { expect, test } from 'vitest'
import { patience } from '../lab/patience'
import { renderCoverage } from './calls/coverage'
import { fuzz } from './calls/fuzz'
import { LANE_KINDS } from './calls/lane'
import { renderFailure } from './calls/report'

/**
 * The gate repeats the same sequences, as many as a minute holds, so that a change is blamed for what it broke and for
 * nothing else. `npm run fuzz` looks for new ones.
 */
const FIRST_SEED = 1

function* seedsFrom(first: number): Generator<number> {
  for (let seed = first; ; seed++) yield seed
}

test(
  'a minute of random calls to every form of the product leaves each kernel as it should be',
  async () => {
    const { found, coverage } = await fuzz({
      seeds: seedsFrom(FIRST_SEED),
      steps: 25,
      lanes: [],
      end: Date.now() + 60_000,
      shrinkMs: 0,
      failures: 1,
    })
    process.stdout.write(`${renderCoverage(coverage)}\n`)
    expect(found.map(renderFailure)).toEqual([])
    // A run that compared nothing has found nothing out. Each operation is compared once in each lane.
    expect(coverage.operations).toBeGreaterThan(0)
    expect(coverage.comparisons).toBe(coverage.operations * LANE_KINDS.length)
  },
  patience(600_000),
)
