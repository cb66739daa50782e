import type { Namespace } from '../test/lab/namespace'
import { configWith, EXECUTABLES, resultWith } from '../test/lab/plugin'
import { call } from './calls'
import { fillBridge, fillIpMasq, fillIptables } from './fill'
import { createPath } from './path'
import { createSamples, type Row } from './report'
import { timeNewFlows } from './stopwatch'

const FLOWS = 2_000
const IPTABLES_FLOWS = [110, 1_000]
const OTHER_POD = { prevResult: resultWith(['10.244.1.8/24']) }

/** The first packet of a flow, whose path through the kernel has our rules or the reference bridge plugin's in it. */
export async function benchFlows(rounds: number): Promise<Row[]> {
  const made: Namespace[] = []
  const pathOf = async (label: string) => {
    const path = await createPath(label)
    made.push(path.node, path.pod, path.sink)
    return path
  }
  const sizes = [0, 110, 1_000, 10_000]
  const paths: { label: string; pod: Namespace }[] = []
  const none = await pathOf('none')
  paths.push({ label: 'none', pod: none.pod })
  for (const n of sizes) {
    const [ours, theirs] = [await pathOf(`own${n}`), await pathOf(`bridge${n}`)]
    call(ours.node.path, {
      executable: EXECUTABLES.native,
      command: 'ADD',
      config: configWith(['10.244.1.7/24']),
    })
    fillIpMasq(ours.node.path, n)
    fillBridge(theirs.node.path, n)
    await theirs.node.sh(`iptables -t nat -N CNI-own; iptables -t nat -A CNI-own -d 10.244.1.0/24 -j ACCEPT
      iptables -t nat -A CNI-own ! -d 224.0.0.0/4 -j MASQUERADE; iptables -t nat -A POSTROUTING -s 10.244.1.7/32 -j CNI-own`)
    paths.push({ label: `own ${n}`, pod: ours.pod }, { label: `bridge ${n}`, pod: theirs.pod })
  }
  for (const n of IPTABLES_FLOWS) {
    const { node, pod } = await pathOf(`iptables${n}`)
    const config = configWith(['10.244.1.7/24'], { backend: 'iptables' })
    call(node.path, { executable: EXECUTABLES.native, command: 'ADD', config })
    // The pod comes after the others, as bridge's does.
    call(node.path, {
      executable: EXECUTABLES.native,
      command: 'ADD',
      containerID: 'stays',
      config: { ...config, ...OTHER_POD },
    })
    call(node.path, { executable: EXECUTABLES.native, command: 'DEL', config })
    fillIptables(node.path, 'iptables-nft', n)
    call(node.path, { executable: EXECUTABLES.native, command: 'ADD', config })
    paths.push({ label: `iptables ${n}`, pod })
  }
  const samples = createSamples()
  for (let round = -2; round < rounds; round++) {
    for (const { label, pod } of paths) {
      const microseconds = timeNewFlows(pod.path, `203.0.113.${round + 10}`, FLOWS)
      if (round >= 0) samples.add(label, microseconds)
    }
  }
  await Promise.all(made.map((namespace) => namespace.delete()))
  const of = samples.median
  return [
    { what: 'new flow', n: 0, unit: 'us', own: of('own 0'), against: 'no rules', other: of('none') },
    ...sizes.map(
      (n): Row => ({
        what: 'new flow',
        n,
        unit: 'us',
        own: of(`own ${n}`),
        against: "bridge's ipMasq",
        other: of(`bridge ${n}`),
      }),
    ),
    ...IPTABLES_FLOWS.map(
      (n): Row => ({
        what: 'iptables-nft: new flow',
        n,
        unit: 'us',
        own: of(`iptables ${n}`),
        against: "bridge's ipMasq",
        other: of(`bridge ${n}`),
        limit: 1,
      }),
    ),
    {
      what: 'new flow',
      n: 10_000,
      unit: 'us',
      own: of('own 10000'),
      against: 'itself at N=0',
      other: of('own 0'),
      limit: 1.15,
    },
  ]
}
