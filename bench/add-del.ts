import { createNamespace } from '../test/lab/namespace'
import { configWith, EXECUTABLES } from '../test/lab/plugin'
import { type Cost, masqueradeCost } from './bridge'
import { call, timeProcess } from './calls'
import { fillBridge, fillIpMasq } from './fill'
import { NOTHING } from './programs'
import { createSamples, type Row } from './report'

/** ADD and DEL with the rules of other pods there, each next to what the reference bridge plugin's masquerade adds to its own. */

const SIZES = [0, 110, 1_000, 10_000]
/** With more pods the reference plugin takes seconds. */
const MOST_WITH_BRIDGE = 1_000

const CARRIERS = ['netlink', 'nft'] as const

const ADD_LIMITS: Readonly<Record<number, number>> = { 0: 0.15, 110: 0.12, 1000: 0.05 }
const DEL_LIMIT = 0.2

const executable = EXECUTABLES.native

export async function benchAddDel(rounds: number): Promise<Row[]> {
  const [ours, theirs, pod] = [
    await createNamespace('ours'),
    await createNamespace('bridge'),
    await createNamespace('pod'),
  ]
  // This pod keeps the policy there: those that are measured come and go.
  const stays = { executable, command: 'ADD', containerID: 'stays', config: configWith(['10.244.1.8/16']) }
  call(ours.path, stays)
  const rows: Row[] = []
  let addAlone = 0
  for (const n of SIZES) {
    const withBridge = n <= MOST_WITH_BRIDGE
    // Elements that are there already stay.
    fillIpMasq(ours.path, n)
    if (withBridge && n > 0) {
      await theirs.sh('iptables -t nat -F && iptables -t nat -X')
      fillBridge(theirs.path, n)
    }
    const samples = createSamples()
    const add = (name: string, { milliseconds, processor }: Cost) => {
      samples.add(name, milliseconds)
      samples.add(`${name}: processor`, processor)
    }
    for (let round = 0; round < rounds; round++) {
      // A new container each time, as on a node: one that was just deleted would be looked up first.
      const containerID = `bench-${n}-${round}`
      if (withBridge) {
        const cost = masqueradeCost(`${n}`, { node: theirs.path, pod: pod.path, containerID })
        add('bridge ADD', cost.ADD)
        add('bridge DEL', cost.DEL)
      }
      for (const carrier of CARRIERS) {
        const config = { ...configWith(['10.244.1.7/16']), carrier }
        const own = { executable, config, containerID: `${containerID}-${carrier}` }
        for (const command of ['ADD', 'DEL'])
          add(`${carrier} ${command}`, call(ours.path, { ...own, command }))
        const second = { ...own, command: 'DEL', config: { ...config, prevResult: undefined } }
        samples.add(`${carrier} second DEL`, call(ours.path, second).milliseconds)
      }
      samples.add('nothing', timeProcess(ours.path, [NOTHING]).milliseconds)
      const script = (verb: string, value = '') =>
        `${verb} element inet ip-masq pods-ip { 10.99.0.1${value} }\n`
      const nft = (input: string) => timeProcess(ours.path, ['nft', '-f', '-'], input).milliseconds
      samples.add('nft add', nft(script('add', ' : accept')))
      samples.add('nft delete', nft(script('delete')))
    }
    const of = samples.median
    for (const carrier of withBridge ? CARRIERS : []) {
      const limits = carrier === 'netlink' ? { ADD: ADD_LIMITS[n], DEL: DEL_LIMIT } : {}
      const row = (what: string, verb: 'ADD' | 'DEL', own: string): Row => ({
        what: `${what}, ${carrier}`,
        n,
        unit: 'ms',
        own: of(`${carrier} ${own}`),
        against: "bridge's ipMasq",
        other: of(`bridge ${verb}`),
        ...(limits[verb] && { limit: limits[verb] }),
      })
      rows.push(
        row('ADD', 'ADD', 'ADD'),
        row('DEL', 'DEL', 'DEL'),
        row('DEL, nothing found', 'DEL', 'second DEL'),
      )
      // Without the waits, which a busy machine makes longer.
      for (const verb of ['ADD', 'DEL'] as const)
        rows.push({
          ...{ what: `${verb}, ${carrier}: processor`, n, unit: 'ms' },
          own: of(`${carrier} ${verb}: processor`),
          against: "bridge's ipMasq",
          other: of(`bridge ${verb}: processor`),
        })
    }
    const netlink = (verb: string, against: string, other: number): Row => ({
      ...{ what: `${verb}, netlink`, n, unit: 'ms', own: of(`netlink ${verb}`), against, other },
    })
    rows.push(
      netlink('ADD', 'a bare nft add', of('nft add')),
      netlink('DEL', 'a bare nft delete', of('nft delete')),
      netlink('ADD', 'an empty program', of('nothing')),
    )
    if (!withBridge) rows.push({ ...netlink('ADD', 'itself at N=0', addAlone), limit: 1.2 })
    if (n === 0) addAlone = of('netlink ADD')
  }
  await Promise.all([ours, theirs, pod].map((namespace) => namespace.delete()))
  return rows
}
