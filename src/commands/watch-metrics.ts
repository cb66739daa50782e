import { now } from '#system/clock'
import type { Backend } from '../backend/backend'
import { readNetworks } from '../cni/conflists'
import { BUILD_INFO } from '../metrics/build-info'
import { countCallLogs } from '../metrics/call-logs'
import { renderMetrics, type Sample } from '../metrics/exposition'
import { kernelSamples, NOTHING_SEEN, networksOfOurs } from '../metrics/kernel'
import { type Synced, watchCounters } from '../metrics/watch-counters'
import { errorText } from './error-text'
import type { World } from './world'

/** The metrics of a watch. */
export interface WatchMetrics {
  synced(sync: Synced): void
  /**
   * Returns the text in Prometheus' format. `isReady` says whether the last turn of each loop went well. It never
   * rejects.
   */
  text(isReady: ReadonlyMap<string, boolean>): Promise<string>
}

/**
 * A look at the kernel takes seconds on a node with 10,000 pods, and a collector would wait, or ask again and again. So
 * the answer is the result of the last look. After a sync there is a new look, if somebody has asked since and the last
 * one is older than this.
 */
const MOST_OFTEN_MS = 15_000

/** If no sync comes, a request looks for itself when the last look is older than this. */
const OLDEST_MS = 90_000

/** The most different warnings that are remembered. */
const MOST_SAID = 100

interface Looking extends Pick<World, 'writeError'> {
  readonly backend: () => Pick<Backend, 'inspect'>
}

export function watchMetrics(confDir: string, world: Looking): WatchMetrics {
  const counters = watchCounters()
  const logs = countCallLogs({ fromEnd: true })
  let seen: { readonly atMs: number; readonly samples: Promise<readonly Sample[]> } | undefined
  let wasAsked = false
  const said = new Set<string>()
  /** Prints a warning once, because it comes again at each request. */
  const warn = (text: string) => {
    if (said.has(text) || said.size >= MOST_SAID) return
    said.add(text)
    world.writeError(`${text}\n`).catch(() => {})
  }
  const lookAtLogs = () => {
    for (const problem of logs.look(readNetworks(confDir).networks.values())) warn(problem)
  }
  const lookAtKernel = async (): Promise<readonly Sample[]> => {
    try {
      const inspection = await world.backend().inspect()
      for (const line of inspection.unseen) warn(`Cannot look at everything for metrics: ${line}`)
      return kernelSamples(inspection, networksOfOurs(readNetworks(confDir)))
    } catch (error) {
      warn(`Cannot look for metrics: ${errorText(error)}`)
      return NOTHING_SEEN
    }
  }
  const look = () => {
    seen = { atMs: now(), samples: lookAtKernel() }
    wasAsked = false
    return seen
  }
  const isOlderThan = (milliseconds: number) => !seen || now() - seen.atMs >= milliseconds
  // Calls from before this process began are not counted.
  lookAtLogs()
  return {
    synced(sync) {
      counters.synced(sync)
      lookAtLogs()
      if (wasAsked && isOlderThan(MOST_OFTEN_MS)) look()
    },
    async text(isReady) {
      const { samples } = !seen || isOlderThan(OLDEST_MS) ? look() : seen
      wasAsked = true
      const ready = [...isReady].map(
        ([loop, is]): Sample => ({ metric: 'ip_masq_ready', labels: { loop }, value: is ? 1 : 0 }),
      )
      return renderMetrics([
        BUILD_INFO,
        ...(await samples),
        ...counters.samples(),
        ...ready,
        ...logs.samples(),
      ])
    },
  }
}
