import { mkdtempSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNamespace, type Namespace } from '../test/lab/namespace'
import { configWith, EXECUTABLES, resultWith } from '../test/lab/plugin'
import { call, timeProcess } from './calls'
import { fillBridge, fillIpMasq, fillIptables } from './fill'
import { benchIptables } from './iptables'
import { benchListFlows, benchLists, benchSetUp } from './lists'
import { benchForeign, benchParallel } from './netlink'
import { createPath } from './path'
import { drawPlot } from './plot'
import { PLUGINS } from './plugins'
import { NOTHING } from './programs'
import { median, type Row, renderRows } from './report'
import { benchStale } from './stale'
import { timeNewFlows } from './stopwatch'
import { benchWatch } from './watch'

/**
 * What masquerade costs: side by side in one run, round-robin, medians. The other side is the reference bridge
 * plugin of Debian, with ipMasq true minus false; ours is the whole process.
 */

const ROUNDS = 21
const FLOW_ROUNDS = 25
const FLOWS = 2_000
const IPTABLES_FLOWS = [110, 1_000]
const OTHER_POD = { prevResult: resultWith(['10.244.1.8/24']) }

const CARRIERS = ['netlink', 'nft'] as const

const say = (text: string) => writeSync(1, `${text}\n`)
const option = (name: string) => process.argv[process.argv.indexOf(name) + 1 || process.argv.length]
const collect = (samples: Record<string, number[]>, key: string, value: number) => {
  samples[key] = [...(samples[key] ?? []), value]
}

const directory = mkdtempSync(join(tmpdir(), 'ip-masq-bench-'))
const namespaces: Namespace[] = []
const namespace = async (label: string) => {
  const made = await createNamespace(label)
  namespaces.push(made)
  return made
}

const bridgeConfig = (label: string, ipMasq: boolean) => ({
  cniVersion: '1.0.0',
  name: `bench-${label}-${ipMasq}`,
  type: 'bridge',
  bridge: 'cni0',
  isGateway: true,
  ipMasq,
  ipam: { type: 'host-local', ranges: [[{ subnet: '10.244.0.0/16' }]], dataDir: directory },
})

async function benchCalls(): Promise<Row[]> {
  const bridge = join(PLUGINS, 'bridge')
  const [ours, theirs, pod] = [await namespace('ours'), await namespace('bridge'), await namespace('pod')]
  const own = configWith(['10.244.1.7/16'])
  const rows: Row[] = []
  let [filled, baseAdd] = [0, 0]
  for (const n of [0, 110, 1_000, 10_000]) {
    say(`calls beside ${n} pods ...`)
    call(ours.path, { executable: EXECUTABLES.native, command: 'ADD', config: own })
    // Filling is additive: each step adds the whole of the next, the elements that are there already stay.
    fillIpMasq(ours.path, n)
    if (n <= 1_000 && n > filled) {
      await theirs.sh(
        'iptables-save -t nat | grep -c CNI- >/dev/null && iptables -t nat -F && iptables -t nat -X || true',
      )
      fillBridge(theirs.path, n)
    }
    filled = n
    const samples: Record<string, number[]> = {}
    const withBridge = n <= 1_000
    for (let round = 0; round < ROUNDS; round++) {
      for (const ipMasq of withBridge ? [true, false] : []) {
        const config = bridgeConfig(`${n}`, ipMasq)
        for (const command of ['ADD', 'DEL']) {
          const { milliseconds } = call(theirs.path, { executable: bridge, command, config, netns: pod.path })
          collect(samples, `bridge ${command} ${ipMasq}`, milliseconds)
        }
      }
      for (const carrier of CARRIERS) {
        const config = { ...own, carrier }
        for (const command of ['ADD', 'DEL']) {
          const { milliseconds } = call(ours.path, { executable: EXECUTABLES.native, command, config })
          collect(samples, `${carrier} ${command}`, milliseconds)
        }
        const nothing = {
          executable: EXECUTABLES.native,
          command: 'DEL',
          config: { ...config, prevResult: undefined },
        }
        collect(samples, `${carrier} second DEL`, call(ours.path, nothing).milliseconds)
      }
      collect(samples, 'empty', timeProcess(ours.path, [NOTHING]).milliseconds)
      const script = 'add element inet ip-masq pods-ip { 10.99.0.1 : accept }\n'
      collect(samples, 'nft', timeProcess(ours.path, ['nft', '-f', '-'], script).milliseconds)
      const deletion = 'delete element inet ip-masq pods-ip { 10.99.0.1 }\n'
      collect(samples, 'nft delete', timeProcess(ours.path, ['nft', '-f', '-'], deletion).milliseconds)
    }
    const of = (key: string) => median(samples[key] ?? [])
    const [addCost, delCost] = ['ADD', 'DEL'].map(
      (verb) => of(`bridge ${verb} true`) - of(`bridge ${verb} false`),
    )
    const limits: Record<number, number> = { 0: 0.6, 110: 0.45, 1000: 0.15 }
    for (const carrier of withBridge ? CARRIERS : []) {
      const limit = (value: number | undefined) =>
        carrier === 'netlink' && value !== undefined ? { limit: value } : {}
      rows.push(
        {
          what: `ADD, ${carrier}`,
          n,
          unit: 'ms',
          own: of(`${carrier} ADD`),
          against: 'bridge ipMasq',
          other: addCost ?? 0,
          ...limit(limits[n]),
        },
        {
          what: `DEL, ${carrier}`,
          n,
          unit: 'ms',
          own: of(`${carrier} DEL`),
          against: 'bridge ipMasq',
          other: delCost ?? 0,
          ...limit(0.4),
        },
        {
          what: `DEL, nothing found, ${carrier}`,
          n,
          unit: 'ms',
          own: of(`${carrier} second DEL`),
          against: "bridge's DEL",
          other: delCost ?? 0,
          ...limit(0.15),
        },
      )
    }
    rows.push(
      {
        what: 'DEL, netlink',
        n,
        unit: 'ms',
        own: of('netlink DEL'),
        against: 'a bare nft delete',
        other: of('nft delete'),
      },
      {
        what: 'ADD, netlink',
        n,
        unit: 'ms',
        own: of('netlink ADD'),
        against: 'an empty program',
        other: of('empty'),
      },
    )
    if (!withBridge) {
      rows.push({
        what: 'ADD',
        n,
        unit: 'ms',
        own: of('netlink ADD'),
        against: 'itself at N=0',
        other: baseAdd,
        limit: 1.2,
      })
    }
    if (n === 0) baseAdd = of('netlink ADD')
  }
  rows.push(benchStatus(ours))
  rows.push({
    what: 'peak memory of an ADD',
    n: 10_000,
    unit: 'MiB',
    own: call(ours.path, { executable: EXECUTABLES.native, command: 'ADD', config: own }).kibibytes / 1024,
    against: 'the limit',
    other: 40,
    limit: 1,
  })
  return rows
}

/** containerd asks every 5 s on every node: no more than the least that a call can be. */
function benchStatus(node: Namespace): Row {
  const config = { cniVersion: '1.1.0', name: 'bench', type: 'ip-masq', nonMasqueradeCIDRs: ['10.0.0.0/8'] }
  const samples: Record<string, number[]> = {}
  for (let round = 0; round < 3 * ROUNDS; round++) {
    for (const command of ['STATUS', 'VERSION']) {
      const { milliseconds } = call(node.path, { executable: EXECUTABLES.native, command, config })
      collect(samples, command, milliseconds)
    }
  }
  const [own, other] = [median(samples.STATUS ?? []), median(samples.VERSION ?? [])]
  return { what: 'STATUS', n: 10_000, unit: 'ms', own, against: 'VERSION', other, limit: 1.1 }
}

async function pathOf(label: string) {
  const path = await createPath(label)
  namespaces.push(path.node, path.pod, path.sink)
  return path
}

async function benchFlows(): Promise<Row[]> {
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
  say('new flows ...')
  const samples: Record<string, number[]> = {}
  for (let round = -2; round < FLOW_ROUNDS; round++) {
    for (const { label, pod } of paths) {
      const microseconds = timeNewFlows(pod.path, `203.0.113.${round + 10}`, FLOWS)
      if (round >= 0) collect(samples, label, microseconds)
    }
  }
  const of = (key: string) => median(samples[key] ?? [])
  return [
    { what: 'new flow', n: 0, unit: 'us', own: of('own 0'), against: 'no rules', other: of('none') },
    ...sizes.map(
      (n): Row => ({
        what: 'new flow',
        n,
        unit: 'us',
        own: of(`own ${n}`),
        against: 'bridge ipMasq',
        other: of(`bridge ${n}`),
      }),
    ),
    ...IPTABLES_FLOWS.map(
      (n): Row => ({
        what: 'iptables-nft: new flow',
        n,
        unit: 'us',
        own: of(`iptables ${n}`),
        against: 'bridge ipMasq',
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

const seconds = Number(option('--watch') ?? 0)
const rows = [
  ...(await benchStale(await namespace('stale'), 5)),
  ...(seconds > 0 ? await benchWatch(await namespace('watch'), seconds) : []),
  ...(await benchCalls()),
]
for (const kind of ['nft', 'legacy'] as const) {
  say(`iptables-${kind} ...`)
  const places = [
    await namespace(`${kind}-ours`),
    await namespace(`${kind}-bridge`),
    await namespace(`${kind}-pod`),
  ] as const
  rows.push(...(await benchIptables(places, { kind, rounds: ROUNDS, directory, bridgeConfig })))
}
rows.push(...(await benchFlows()))
say('others and many ...')
rows.push(
  ...(await benchForeign([await namespace('foreign'), await namespace('alone')], ROUNDS)),
  benchParallel(await namespace('parallel'), 7),
)
say('long lists ...')
rows.push(await benchSetUp(7), ...(await benchLists(ROUNDS)), await benchListFlows(FLOW_ROUNDS, FLOWS))
await Promise.all(namespaces.map((made) => made.delete()))
say(`\n${renderRows(rows)}`)
const [json, svg] = [option('--json'), option('--svg')]
if (json) writeFileSync(json, `${JSON.stringify(rows, null, 2)}\n`)
if (svg) writeFileSync(svg, drawPlot(rows))
