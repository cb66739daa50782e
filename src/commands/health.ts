import { now } from '#system/clock'
import { CONTENT_TYPE } from '../metrics/exposition'
import type { Synced } from '../metrics/watch-counters'
import type { Endpoint } from '../system/sockets'
import { VERSION } from '../system/version'
import { type Answer, serve } from './health-server'
import { loopback } from './table/endpoint'
import type { WatchMetrics } from './watch-metrics'
import type { World } from './world'

/** The state of the loops, for those who ask over HTTP. */
export interface Health {
  /** Notes that a turn has ended, well or with an error, and that the next one is due after this time. */
  turned(loop: string, turn: { readonly error?: string | undefined; readonly nextMs: number }): void
  /** Notes that a sync has ended. */
  synced(sync: Synced): void
}

export const UNASKED: Health = { turned() {}, synced() {} }

/** How late a loop may be before it counts as stuck. This is longer than all deadlines of one turn together. */
const LATE_MS = 300_000

export interface LoopState {
  /** The reason why its last turn failed. */
  readonly error: string | undefined
  /** The time of its next turn at the latest. */
  readonly dueMs: number
}

export type States = ReadonlyMap<string, LoopState>

/** Whether every loop turns. */
export function liveness(states: States, nowMs: number): Report {
  return report(states, ({ dueMs }) => {
    const late = nowMs - dueMs
    return late > LATE_MS ? `its next turn is late by ${Math.round(late / 1000)} s` : undefined
  })
}

/** Whether the last turn of every loop went well. */
export function readiness(states: States): Report {
  return report(states, ({ error }) => error)
}

interface Report {
  readonly status: 200 | 503
  readonly text: string
}

function report(states: States, reason: (state: LoopState) => string | undefined): Report {
  const lines = [...states].map(([loop, state]) => ({ loop, bad: reason(state) }))
  const text = lines.map(({ loop, bad }) => `${loop}: ${bad ?? 'ok'}\n`).join('')
  const isWell = lines.every(({ bad }) => bad === undefined)
  return { status: isWell ? 200 : 503, text: `ip-masq ${VERSION}\n${text}` }
}

/** The endpoints at which to answer. */
export interface Asked {
  readonly healthPort: number | undefined
  readonly metricsAddress?: Endpoint | undefined
}

export interface Watched {
  readonly loops: readonly string[]
  /** Absent if there are none. */
  readonly metrics?: WatchMetrics
}

/**
 * Answers `GET /livez` and `/readyz` on the loopback interface, for a kubelet's probes: 200 if every loop of `loops`
 * turns, or if the last turn of each went well; otherwise 503 with the reason. An answer costs nothing, whereas a probe
 * by exec starts a process each time. `/metrics` is there too. At its own address it is alone, so whoever keeps that
 * address busy holds up no probe.
 */
export function serveHealth({ healthPort, metricsAddress }: Asked, watched: Watched, world: Warned): Health {
  if (healthPort === undefined && metricsAddress === undefined) return UNASKED
  const { loops, metrics } = watched
  const states = new Map<string, LoopState>(
    loops.map((loop) => [loop, { error: 'not done yet', dueMs: Number.POSITIVE_INFINITY }]),
  )
  const answerMetrics = async (path: string): Promise<Answer | undefined> =>
    metrics && path === '/metrics'
      ? { status: 200, text: await metrics.text(readyLoops(states)), contentType: CONTENT_TYPE }
      : undefined
  const answer = (path: string) => {
    if (path === '/livez') return liveness(states, now())
    if (path === '/readyz') return readiness(states)
    return answerMetrics(path)
  }
  const warn = (message: string) => {
    world.writeError(`ip-masq ${VERSION}: ${message}\n`).catch(() => {})
  }
  if (healthPort !== undefined) {
    const paths = metrics ? '/livez, /readyz or /metrics' : '/livez or /readyz'
    serve({ endpoint: loopback(healthPort), option: '--health-port', paths, answer }, warn)
  }
  if (metricsAddress !== undefined) {
    const served = { endpoint: metricsAddress, option: '--metrics-address', paths: '/metrics' } as const
    serve({ ...served, answer: answerMetrics }, warn)
  }
  return {
    turned(loop, { error, nextMs }) {
      states.set(loop, { error, dueMs: now() + nextMs })
    },
    synced(sync) {
      metrics?.synced(sync)
    },
  }
}

function readyLoops(states: States): ReadonlyMap<string, boolean> {
  return new Map([...states].map(([loop, { error }]) => [loop, error === undefined]))
}

type Warned = Pick<World, 'writeError'>
