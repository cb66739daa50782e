import { copyFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createCachedNetwork } from '../test/lab/cached-network'
import type { Namespace } from '../test/lab/namespace'
import { EXECUTABLES } from '../test/lab/plugin'
import { timeProcess } from './calls'
import { median, type Row } from './report'

const FILES = 20_000

/** What a sync may take more than with an empty directory. */
const [MILLISECONDS, MEBIBYTES] = [1_000, 64]

/** A node that has the cache files of all pods that it ever had: none of their namespaces exists. */
export async function benchStale(node: Namespace, rounds: number): Promise<Row[]> {
  const network = await createCachedNetwork(node)
  const file = await network.cache('0', ['10.244.1.7/24'], { netns: `${network.cacheDir}/gone` })
  for (let i = 1; i < FILES; i++) copyFileSync(file, file.replace('-0-', `-${i}-`))
  const empty = join(network.cacheDir, 'empty')
  await mkdir(join(empty, 'results'), { recursive: true })
  const samples = { full: [] as Cost[], empty: [] as Cost[] }
  for (let round = 0; round < rounds; round++) {
    samples.empty.push(costOf(node, ['--conf-dir', network.confDir, '--cache-dir', empty]))
    samples.full.push(costOf(node, ['--conf-dir', network.confDir, '--cache-dir', network.cacheDir]))
  }
  await network.delete()
  const of = (kind: keyof typeof samples, key: keyof Cost) => median(samples[kind].map((cost) => cost[key]))
  const what = 'sync with 20,000 stale cache files'
  return [
    {
      what: `${what}: processor`,
      n: 0,
      unit: 'ms',
      own: of('full', 'milliseconds'),
      against: 'one second more than without',
      other: of('empty', 'milliseconds') + MILLISECONDS,
      limit: 1,
    },
    {
      what: `${what}: peak memory`,
      n: 0,
      unit: 'MiB',
      own: of('full', 'mebibytes'),
      against: '64 MiB more than without',
      other: of('empty', 'mebibytes') + MEBIBYTES,
      limit: 1,
    },
  ]
}

interface Cost {
  readonly milliseconds: number
  readonly mebibytes: number
}

function costOf(node: Namespace, directories: readonly string[]): Cost {
  const { processor, kibibytes } = timeProcess(node.path, [EXECUTABLES.native, 'sync', ...directories])
  return { milliseconds: processor, mebibytes: kibibytes / 1024 }
}
