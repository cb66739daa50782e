import { CODES } from '../cni/error'
import { isObject } from '../cni/json'
import type { Sample } from './exposition'

/** The verbs that are logged. */
const VERBS = ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS'] as const

const LOGGED_CODES: readonly number[] = Object.values(CODES)

/** Sums over the lines of a log of calls. */
export interface CallCounts {
  /** Counts the call of a line. Other lines do not count: a log may end with half a line. */
  add(line: string): void
  samples(): Sample[]
}

/** Every verb and every code has a counter from the beginning, with 0. A counter that begins with 1 would hide the first failure. */
export function countCalls(): CallCounts {
  const calls = new Map<string, { count: number; seconds: number }>(
    VERBS.map((verb) => [verb, { count: 0, seconds: 0 }]),
  )
  const failures = new Map(LOGGED_CODES.map((code) => [code, 0]))
  return {
    add(line) {
      const { verb, durationMs, code } = parseLine(line)
      const call = typeof verb === 'string' ? calls.get(verb) : undefined
      if (!call || typeof durationMs !== 'number') return
      call.count += 1
      call.seconds += durationMs / 1000
      const failed = typeof code === 'number' ? failures.get(code) : undefined
      if (typeof code === 'number' && failed !== undefined) failures.set(code, failed + 1)
    },
    samples: () => [
      ...[...calls].flatMap(([verb, { count, seconds }]): Sample[] => [
        { metric: DURATION, part: 'sum', labels: { verb }, value: seconds },
        { metric: DURATION, part: 'count', labels: { verb }, value: count },
      ]),
      ...[...failures].map(
        ([code, value]): Sample => ({
          metric: 'ip_masq_cni_failures_total',
          labels: { code: String(code) },
          value,
        }),
      ),
    ],
  }
}

const DURATION = 'ip_masq_cni_call_duration_seconds'

function parseLine(line: string): Readonly<Record<string, unknown>> {
  try {
    const record: unknown = JSON.parse(line)
    return isObject(record) ? record : {}
  } catch {
    return {}
  }
}
