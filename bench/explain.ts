import { createCachedNetwork } from '../test/lab/cached-network'
import { withNamespace } from '../test/lab/namespace'
import { EXECUTABLES } from '../test/lab/plugin'
import { timeProcess } from './calls'
import { atMost, createSamples, type Row } from './report'
import { runInside } from './stopwatch'

const PODS = 10_000

/** What an operator waits for, at most. */
const MILLISECONDS = 300

/** `ip-masq explain` on a full node: by a pod's name, and by its address. */
export async function benchExplain(rounds: number): Promise<Row[]> {
  return withNamespace('explain', async (node) => {
    await node.sh(`ip link add wan type veth peer name outside; ip link set wan up; ip link set outside up
      ip address add 198.51.100.1/24 dev wan; ip route add default via 198.51.100.2
      ip link add pods type veth peer name pod; ip link set pods up; ip link set pod up
      ip address add 10.244.0.1/16 dev pods; sysctl -qw net.ipv4.ip_forward=1`)
    const network = await createCachedNetwork(node)
    const netns = { netns: node.path }
    const addressOf = (i: number) => `10.244.${(i >> 8) + 1}.${i & 255}`
    for (let i = 0; i < PODS; i++) await network.cache(`pod-${i}`, [`${addressOf(i)}/16`], netns)
    const directories = ['--conf-dir', network.confDir, '--cache-dir', network.cacheDir]
    runInside(node.path, EXECUTABLES.native, ['sync', ...directories])
    const samples = createSamples()
    for (let round = 0; round < rounds; round++) {
      for (const source of [`shop/pod-${round}`, addressOf(round)]) {
        const command = [EXECUTABLES.native, 'explain', ...directories, source, '203.0.113.9']
        const name = source.includes('/') ? 'name' : 'address'
        samples.add(name, timeProcess(node.path, command).milliseconds)
      }
    }
    await network.delete()
    return ['name', 'address'].map(
      (name): Row => ({
        ...{ what: `explain, by the pod's ${name}`, n: PODS, unit: 'ms', own: samples.median(name) },
        ...atMost(MILLISECONDS),
      }),
    )
  })
}
