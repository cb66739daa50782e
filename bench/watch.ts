import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { createCachedNetwork } from '../test/lab/cached-network'
import { withNamespace } from '../test/lab/namespace'
import { EXECUTABLES } from '../test/lab/plugin'
import { atMost, type Row } from './report'

const PODS = 110

/** What `sync --watch` costs while nothing happens: processor time of it and of the tools that it starts, and memory. */
export async function benchWatch(seconds: number): Promise<Row[]> {
  return withNamespace('watch', async (node) => {
    const network = await createCachedNetwork(node)
    for (let i = 1; i <= PODS; i++) await network.cache(`pod-${i}`, [`10.244.1.${i}/24`, `fd00::${i}/64`])
    const directories = ['--conf-dir', network.confDir, '--cache-dir', network.cacheDir]
    const child = node.start(EXECUTABLES.native, 'sync', '--watch', ...directories)
    child.stdout?.resume()
    await setTimeout(3000)
    const before = readTicks(child.pid)
    await setTimeout(seconds * 1000)
    const ticks = readTicks(child.pid) - before
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
    await network.delete()
    const what = `sync --watch, ${seconds} quiet seconds`
    return [
      // A tick is 10 ms (USER_HZ), so ticks per second are percent of a core.
      { what: `${what}: processor`, n: PODS, unit: '%', own: ticks / seconds, ...atMost(0.1) },
      {
        what: `${what}: peak memory`,
        n: PODS,
        unit: 'MiB',
        own: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024,
        ...atMost(12),
      },
    ]
  })
}

/** proc(5): utime, stime, and those of the children that were waited for. */
function readTicks(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
}
