import { createCachedNetwork } from '../test/lab/cached-network'
import { withNamespace } from '../test/lab/namespace'
import { EXECUTABLES } from '../test/lab/plugin'
import { timeProcess } from './calls'
import { atMost, createSamples, type Row } from './report'
import { runInside } from './stopwatch'

const PODS = 10_000

/** What an operator waits for, at most. */
const MILLISECONDS = 300

/** `ip-masq list` of a large node, next to nft with the same table: it names the pods, and compares them with the caches. */
export async function benchList(rounds: number): Promise<Row[]> {
  return withNamespace('list', async (node) => {
    const network = await createCachedNetwork(node)
    for (let i = 0; i < PODS; i++)
      await network.cache(`pod-${i}`, [`10.244.${i >> 8}.${i & 255}/16`], { netns: node.path })
    const directories = ['--conf-dir', network.confDir, '--cache-dir', network.cacheDir]
    runInside(node.path, EXECUTABLES.native, ['sync', ...directories])
    const samples = createSamples()
    // Megabytes are more than the stopwatch keeps.
    const time = (...command: string[]) =>
      timeProcess(node.path, ['sh', '-c', 'exec "$@" > /dev/null', 'sh', ...command])
    for (let round = 0; round < rounds; round++) {
      const list = time(EXECUTABLES.native, 'list', ...directories)
      samples.add('list', list.processor)
      samples.add('wait', list.milliseconds)
      samples.add('nft', time('nft', 'list', 'table', 'inet', 'ip-masq').processor)
    }
    await network.delete()
    const of = samples.median
    const row = { n: PODS, unit: 'ms' } as const
    return [
      {
        ...{ ...row, what: 'list: processor', own: of('list') },
        ...{ against: 'nft list', other: of('nft') },
      },
      { ...row, what: 'list', own: of('wait'), ...atMost(MILLISECONDS) },
    ]
  })
}
