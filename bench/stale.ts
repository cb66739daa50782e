import { copyFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createCachedNetwork } from '../test/lab/cached-network'
import { withNamespace } from '../test/lab/namespace'
import { EXECUTABLES } from '../test/lab/plugin'
import { timeProcess } from './calls'
import { atMost, createSamples, type Row } from './report'

const FILES = 20_000

/** What a sync or a gc may take more than where the files are not. */
const MILLISECONDS = 1_000

/** A node with one pod that has the cache files of all pods that it ever had: none of their namespaces exists. */
export async function benchStale(rounds: number): Promise<Row[]> {
  return withNamespace('stale', async (node) => {
    const network = await createCachedNetwork(node)
    await network.add('alive', ['10.244.1.8/24'], node.path)
    const alive = await network.cache('alive', ['10.244.1.8/24'], { netns: node.path })
    const dead = await network.cache('0', ['10.244.1.7/24'], { netns: '/var/run/netns/ip-masq-gone' })
    for (let i = 1; i < FILES; i++) copyFileSync(dead, dead.replace('-0-', `-${i}-`))
    const clean = join(network.cacheDir, 'clean')
    await mkdir(join(clean, 'results'), { recursive: true })
    copyFileSync(alive, join(clean, 'results', basename(alive)))
    const samples = createSamples()
    let mebibytes = 0
    for (let round = 0; round < rounds; round++) {
      for (const command of ['sync', 'gc']) {
        for (const cacheDir of [clean, network.cacheDir]) {
          const directories = ['--conf-dir', network.confDir, '--cache-dir', cacheDir]
          const used = timeProcess(node.path, [EXECUTABLES.native, command, ...directories])
          samples.add(`${command} ${cacheDir}`, used.processor)
          mebibytes = Math.max(mebibytes, used.kibibytes / 1024)
        }
      }
    }
    await network.delete()
    const what = 'with 20,000 stale cache files'
    return [
      ...['sync', 'gc'].map(
        (command): Row => ({
          ...{ what: `${command} ${what}: processor`, n: 1, unit: 'ms' },
          own: samples.median(`${command} ${network.cacheDir}`),
          against: 'one second more than without',
          other: samples.median(`${command} ${clean}`) + MILLISECONDS,
          limit: 1,
        }),
      ),
      { what: `sync or gc ${what}: peak memory`, n: 1, unit: 'MiB', own: mebibytes, ...atMost(64) },
    ]
  })
}
