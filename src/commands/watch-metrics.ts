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

/** What a watch has for those who ask for its metrics. */
export interface WatchMetrics {
  synced(sync: Synced): void
  /** In Prometheus' text format. `isReady`: did the last turn of each loop go well? Never rejects. */
  text(isReady: ReadonlyMap<string, boolean>): Promise<string>
}

/**
 * To look at the kernel takes seconds on a node with 10,000 pods, and whoever asks would wait, or ask again and again. So the answer is
 * what was seen last. It is seen anew after a sync, if somebody has asked since and it is older than this.
 */
const MOST_OFTEN_MS = 15_000

/** Where no sync comes, a request looks itself when what was seen is older than this. */
const OLDEST_MS = 90_000

/** More different warnings than this are not remembered. */
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
  /** Once, because it happens again at each request. */
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
  // What was called before this process began is not counted by it.
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
