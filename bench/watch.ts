import { readFileSync } from 'node:fs'
import { createCachedNetwork } from '../test/lab/cached-network'
import type { Namespace } from '../test/lab/namespace'
import { EXECUTABLES } from '../test/lab/plugin'
import type { Row } from './report'

const PODS = 110

/** What `sync --watch` costs while nothing happens: processor time of it and the nft runs that it starts, and memory. */
export async function benchWatch(node: Namespace, seconds: number): Promise<Row[]> {
  const network = await createCachedNetwork(node)
  for (let i = 1; i <= PODS; i++) await network.cache(`pod-${i}`, [`10.244.1.${i}/24`, `fd00::${i}/64`])
  const directories = ['--conf-dir', network.confDir, '--cache-dir', network.cacheDir]
  const child = node.start(EXECUTABLES.native, 'sync', '--watch', ...directories)
  child.stdout?.resume()
  const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
  await sleep(3000)
  const before = readTicks(child.pid)
  await sleep(seconds * 1000)
  const ticks = readTicks(child.pid) - before
  const memory = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024
  await network.delete()
  const what = `sync --watch, ${seconds} quiet seconds`
  return [
    // A tick is 10 ms (USER_HZ), so ticks per second are percent of a core.
    {
      what: `${what}: processor`,
      n: PODS,
      unit: '%',
      own: ticks / seconds,
      against: 'the limit',
      other: 0.5,
      limit: 1,
    },
    { what: `${what}: memory`, n: PODS, unit: 'MiB', own: memory, against: 'the limit', other: 60, limit: 1 },
  ]
}

/** proc(5): utime, stime, and those of the children that were waited for. */
function readTicks(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
}
