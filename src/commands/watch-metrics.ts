import { now } from '#system/clock'
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
 * To look at the kernel takes a second on a node with 10,000 pods. Whoever asks more often than this gets what the last look found,
 * so that no number of requests loads the node.
 */
const MOST_OFTEN_MS = 15_000

export function watchMetrics(confDir: string, world: Pick<World, 'backend' | 'writeError'>): WatchMetrics {
  const counters = watchCounters()
  const logs = countCallLogs({ fromEnd: true })
  let looked: { readonly atMs: number; readonly samples: Promise<readonly Sample[]> } | undefined
  const said = new Set<string>()
  /** Once, because it happens again at each request. */
  const warn = (text: string) => {
    if (!said.has(text)) world.writeError(`${text}\n`).catch(() => {})
    said.add(text)
  }
  const lookAtLogs = () => {
    for (const problem of logs.look(readNetworks(confDir).networks.values())) warn(problem)
  }
  const lookAtKernel = async (): Promise<readonly Sample[]> => {
    try {
      return kernelSamples(await world.backend().inspect(), networksOfOurs(readNetworks(confDir)))
    } catch (error) {
      warn(`Cannot look for metrics: ${errorText(error)}`)
      return NOTHING_SEEN
    }
  }
  // What was called before this process began is not counted by it.
  lookAtLogs()
  return {
    synced(sync) {
      counters.synced(sync)
      lookAtLogs()
    },
    async text(isReady) {
      if (!looked || now() - looked.atMs >= MOST_OFTEN_MS) looked = { atMs: now(), samples: lookAtKernel() }
      const ready = [...isReady].map(
        ([loop, is]): Sample => ({ metric: 'ip_masq_ready', labels: { loop }, value: is ? 1 : 0 }),
      )
      return renderMetrics([
        BUILD_INFO,
        ...(await looked.samples),
        ...counters.samples(),
        ...ready,
        ...logs.samples(),
      ])
    },
  }
}
