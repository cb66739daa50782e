import { createCoverage } from './coverage'
import { createLane, LANE_KINDS } from './lane'
import type { Operation } from './operations'
import { type Failure, runSequence } from './run'

export interface Shrunk {
  readonly operations: readonly Operation[]
  readonly failure: Failure
  /** How often the shortest sequence failed, of how many times that it was run. */
  readonly failed: number
  readonly runs: number
}

/** A race may need several tries to show again. */
const TRIES = 3

/**
 * Leaves operations out as long as the same lane still fails, in larger parts first; stops at `deadline` (of
 * Date.now()) with what it has.
 */
export async function shrink(
  operations: readonly Operation[],
  failure: Failure,
  deadline: number,
): Promise<Shrunk> {
  const kind = LANE_KINDS.find(({ name }) => name === failure.lane)
  if (!kind) throw new Error(`there is no lane ${failure.lane}`)
  const lane = await createLane(kind)
  const isLate = () => Date.now() >= deadline
  const run = (some: readonly Operation[]) => runSequence([lane], some, { coverage: createCoverage() })
  const fails = async (some: readonly Operation[]) => {
    for (let i = 0; i < TRIES && !isLate(); i++) {
      const found = await run(some)
      if (found) return found
    }
    return undefined
  }
  try {
    let best = { operations: operations.slice(0, failure.step + 1), failure }
    for (let size = Math.ceil(best.operations.length / 2); size >= 1 && !isLate(); size = next(size)) {
      let from = 0
      while (from < best.operations.length && !isLate()) {
        // The conflists stay: without them a cache entry is judged by another rule.
        const left = best.operations.slice(from, from + size).filter((one) => 'conf' in one)
        const fewer = best.operations.toSpliced(from, size, ...left)
        const found = fewer.length < best.operations.length ? await fails(fewer) : undefined
        if (found) best = { operations: fewer.slice(0, found.step + 1), failure: found }
        else from += size
      }
      if (size === 1) break
    }
    let [runs, failed] = [0, 0]
    while (runs < 5 && (runs === 0 || !isLate())) {
      runs += 1
      if (await run(best.operations)) failed += 1
    }
    return { ...best, failed, runs }
  } finally {
    await lane.delete()
  }
}

function next(size: number): number {
  return Math.ceil(size / 2)
}
