import { createNamespace, type Namespace } from '../test/lab/namespace'
import { configWith, EXECUTABLES } from '../test/lab/plugin'
import { call } from './calls'
import { createPath } from './path'
import { atMost, createSamples, median, type Row } from './report'
import { timeNewFlows } from './stopwatch'

/** What the length of a list costs: every nft run reads all interval sets, and a packet looks its destination up. */

const FLOWS = 2_000

const ADDRESSES = ['10.244.1.7/24', 'fd00:244:1::7/64']

/** `count` prefixes of each family, none touching another; the bench's destinations are not among them. */
const cidrs = (count: number) =>
  Array.from({ length: count }, (_, i) => [
    `11.${Math.floor(i / 100)}.${2 * (i % 100)}.0/24`,
    `2001:db8:${(2 * i).toString(16)}::/48`,
  ])

const configOf = (list: readonly string[], addresses = ADDRESSES) =>
  configWith(addresses, { nonMasqueradeCIDRs: list })

/**
 * All lengths round-robin, each in a node of its own, beside one pod that has the list already: one more ADD of a pod
 * with that list, and one with a list of 5.
 */
export async function benchLists(rounds: number): Promise<Row[]> {
  const nodes: { length: number; node: Namespace; own: unknown; withOwn: number[]; withFive: number[] }[] = []
  for (const length of [5, 64, 1_000, 5_000]) {
    const node = await createNamespace(`list${length}`)
    const list = mixed(length)
    const first = configOf(list, ['10.244.1.8/24', 'fd00:244:1::8/64'])
    call(node.path, { executable: EXECUTABLES.native, command: 'ADD', config: first, containerID: 'first' })
    nodes.push({ length, node, own: configOf(list), withOwn: [], withFive: [] })
  }
  const five = configOf(mixed(5))
  for (let round = 0; round <= rounds; round++) {
    for (const { node, own, withOwn, withFive } of nodes) {
      for (const { config, samples } of [
        { config: own, samples: withOwn },
        { config: five, samples: withFive },
      ]) {
        const containerID = `second-${round}-${config === own ? 'own' : 'five'}`
        const pod = { executable: EXECUTABLES.native, config, containerID }
        const { milliseconds } = call(node.path, { ...pod, command: 'ADD' })
        call(node.path, { ...pod, command: 'DEL' })
        // The first of each kind sets its policy up.
        if (round > 0) samples.push(milliseconds)
      }
    }
  }
  await Promise.all(nodes.map(({ node }) => node.delete()))
  const limits: Readonly<Record<number, number>> = { 64: 1.1, 1000: 2, 5000: 6 }
  const besideLimit = 1.1
  const base = median(nodes[0]?.withOwn ?? [])
  return nodes.slice(1).flatMap(({ length, withOwn, withFive }): Row[] => {
    const limit = limits[length]
    const rest = { n: 1, unit: 'ms', against: 'with 5', other: base } as const
    return [
      { what: `ADD beside ${length} CIDRs`, own: median(withFive), ...rest, limit: besideLimit },
      { what: `ADD with ${length} CIDRs of its own`, own: median(withOwn), ...rest, ...(limit && { limit }) },
    ]
  })
}

/** Both families in turn. */
function mixed(count: number): string[] {
  return cidrs(Math.ceil(count / 2))
    .flat()
    .slice(0, count)
}

/** The first ADD with 5,000 CIDRs, and with 5,000 of each family: all of it in one transaction. */
export async function benchSetUp(rounds: number): Promise<Row[]> {
  const samples = createSamples()
  const lists = { one: mixed(5_000), two: cidrs(5_000).flat() }
  for (let round = 0; round < rounds; round++) {
    for (const [name, list] of Object.entries(lists)) {
      const node = await createNamespace('set-up')
      const pod = { executable: EXECUTABLES.native, command: 'ADD', config: configOf(list) }
      samples.add(name, call(node.path, pod).milliseconds)
      await node.delete()
    }
  }
  const row = (what: string, name: keyof typeof lists, limit: number): Row => ({
    ...{ what, n: 0, unit: 'ms', own: samples.median(name) },
    ...atMost(limit),
  })
  return [row('first ADD, 5,000 CIDRs', 'one', 500), row('first ADD, 2 x 5,000 CIDRs', 'two', 1_000)]
}

/** The first packet of a flow, with 5 and with 5,000 CIDRs of each family. */
export async function benchListFlows(rounds: number): Promise<Row> {
  const paths: { pod: Namespace; all: readonly Namespace[]; samples: number[] }[] = []
  for (const length of [5, 5_000]) {
    const { node, pod, sink } = await createPath(`flows${length}`)
    const config = configOf(cidrs(length).flat())
    call(node.path, { executable: EXECUTABLES.native, command: 'ADD', config })
    paths.push({ pod, all: [node, pod, sink], samples: [] })
  }
  for (let round = -2; round < rounds; round++) {
    for (const { pod, samples } of paths) {
      const microseconds = timeNewFlows(pod.path, `203.0.113.${round + 10}`, FLOWS)
      if (round >= 0) samples.push(microseconds)
    }
  }
  await Promise.all(paths.flatMap(({ all }) => all).map((namespace) => namespace.delete()))
  const [few = [], many = []] = paths.map(({ samples }) => samples)
  return {
    what: 'new flow, 2 x 5,000 CIDRs',
    n: 1,
    unit: 'us',
    own: median(many),
    against: 'with 2 x 5',
    other: median(few),
    limit: 1.15,
  }
}
