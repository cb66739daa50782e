import { spawnSync } from 'node:child_process'

/**
 * What the median process takes in a run of all rings on two cores that do nothing else, where the times in the tests were
 * chosen. It is 1 ms without the rings.
 */
const BASELINE_MS = 3.5

/** A sanitized executable takes ten times as long, and most of a test waits for other things. */
const SANITIZED = process.env.IP_MASQ_NATIVE ? 5 : 1

let slowness = SANITIZED

/**
 * Measures how much longer a process takes here and now than the baseline: its start and end are what most tests wait for.
 * A faster machine gets no less time. The setup of each file measures anew, because the neighbours change.
 */
export function measureSlowness(): void {
  const times = Array.from({ length: 9 }, () => {
    const started = performance.now()
    spawnSync('/bin/true', { stdio: 'ignore' })
    return performance.now() - started
  })
  const median = times.sort((a, b) => a - b)[4] ?? BASELINE_MS
  slowness = SANITIZED * Math.max(1, median / BASELINE_MS)
}

/** A time that was chosen on those two cores, as it is needed here: whole milliseconds. */
export function patience(milliseconds: number): number {
  return Math.ceil(milliseconds * slowness)
}

/**
 * Watches look anew every 60 s, whatever has happened. What is seen later than this may come from such a look, and not from
 * what a test is about.
 */
const LONGEST_WAIT_MS = 50_000

/** The time to wait for something that is to happen by itself. */
export function waitingTime(milliseconds: number): number {
  return Math.min(patience(milliseconds), LONGEST_WAIT_MS)
}

/** `patience` in whole seconds, as commands take them. */
export function patienceSeconds(seconds: number): number {
  return Math.ceil(patience(seconds * 1000) / 1000)
}

/** Gives others the time to do something: what is to be seen afterwards must not be that they have not come to it yet. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, patience(milliseconds)))
}
