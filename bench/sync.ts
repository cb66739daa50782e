import { createCachedNetwork } from '../test/lab/cached-network'
import { withNamespace } from '../test/lab/namespace'
import { EXECUTABLES } from '../test/lab/plugin'
import { timeProcess } from './calls'
import { atMost, createSamples, type Row } from './report'
import { runInside } from './stopwatch'

const PODS = 1_000

/** A sync that puts the rules of all pods back, and one that finds them all there, each next to nft with the same table. */
export async function benchSync(rounds: number): Promise<Row[]> {
  return withNamespace('sync', async (node) => {
    const network = await createCachedNetwork(node)
    const netns = { netns: node.path }
    for (let i = 0; i < PODS; i++)
      await network.cache(`pod-${i}`, [`10.244.${i >> 8}.${i & 255}/16`, `fd00::${i}/64`], netns)
    const sync = [EXECUTABLES.native, 'sync', '--conf-dir', network.confDir, '--cache-dir', network.cacheDir]
    const samples = createSamples()
    let mebibytes = 0
    const time = (name: string, command: readonly string[], input = '') => {
      const { processor, kibibytes } = timeProcess(node.path, command, input)
      samples.add(name, processor)
      if (command === sync) mebibytes = Math.max(mebibytes, kibibytes / 1024)
    }
    const flush = () => runInside(node.path, 'nft', ['flush', 'ruleset'])
    for (let round = 0; round < rounds; round++) {
      flush()
      time('restore', sync)
      time('nothing to do', sync)
      time('nft list', ['nft', 'list', 'ruleset'])
      const table = runInside(node.path, 'nft', ['list', 'ruleset'])
      flush()
      time('nft restore', ['nft', '-f', '-'], table)
    }
    await network.delete()
    const of = samples.median
    const row = { n: PODS, unit: 'ms' } as const
    return [
      {
        ...row,
        what: 'sync, all lost: processor',
        own: of('restore'),
        against: 'nft -f',
        other: of('nft restore'),
      },
      {
        ...row,
        what: 'sync, all there: processor',
        own: of('nothing to do'),
        against: 'nft list',
        other: of('nft list'),
      },
      { what: 'sync: peak memory', n: PODS, unit: 'MiB', own: mebibytes, ...atMost(64) },
    ]
  })
}
