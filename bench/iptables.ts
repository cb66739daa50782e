import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNamespace } from '../test/lab/namespace'
import { configWith, EXECUTABLES, resultWith } from '../test/lab/plugin'
import { masqueradeCost } from './bridge'
import { call, type TimedCall } from './calls'
import { fillBridge, fillIptables } from './fill'
import { createSamples, type Row } from './report'

/** Our iptables backend beside the reference bridge plugin's masquerade, both with the same kind of iptables. */

const SIZES = [0, 110, 1_000]
const LIMITS: Readonly<Record<number, readonly [add: number, del: number]>> = {
  0: [1, 0.6],
  110: [0.8, 0.6],
  1000: [0.5, 0.6],
}

export async function benchIptables(kind: 'nft' | 'legacy', rounds: number): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'ip-masq-bench-iptables-'))
  const [ours, theirs, pod] = [
    await createNamespace('ours'),
    await createNamespace('bridge'),
    await createNamespace('pod'),
  ]
  const tools = kindAsDefault(kind, directory)
  const config = configWith(['10.244.1.7/16'], { backend: 'iptables' })
  const own = { executable: EXECUTABLES.native, config }
  // What makes ip-masq choose the kind where both are installed.
  if (kind === 'legacy') await ours.sh('iptables-legacy -t mangle -N KUBE-IPTABLES-HINT')
  const rows: Row[] = []
  let filled = 0
  for (const n of SIZES) {
    if (n === 0) call(ours.path, { ...own, command: 'ADD' })
    await ours.sh(`iptables-${kind} -t nat -S IPM-PODS`)
    if (n > 0) {
      const flush = `iptables-${kind} -t nat -F; iptables-${kind} -t nat -X`
      await Promise.all([ours.sh(flush), filled > 0 ? theirs.sh(flush) : undefined])
      call(ours.path, { ...own, command: 'ADD' })
      fillIptables(ours.path, `iptables-${kind}`, n)
      fillBridge(theirs.path, n, `iptables-${kind}`)
      filled = n
    }
    // Only another pod of the same policy keeps it; the one that is measured comes and goes.
    call(ours.path, { ...own, command: 'ADD', containerID: 'stays', config: { ...config, ...stays } })
    call(ours.path, { ...own, command: 'DEL' })
    const samples = createSamples()
    const timed = (name: string, what: TimedCall) => {
      samples.add(name, call(ours.path, what).milliseconds)
    }
    for (let round = 0; round < rounds; round++) {
      // A new container each time, as on a node.
      const containerID = `bench-${n}-${round}`
      const where = { node: theirs.path, pod: pod.path, containerID, tools }
      const cost = masqueradeCost(`${kind}-${n}`, where)
      for (const command of ['ADD', 'DEL'] as const)
        samples.add(`bridge ${command}`, cost[command].milliseconds)
      for (const command of ['ADD', 'DEL']) timed(`own ${command}`, { ...own, command, containerID })
      const withoutResult = { ...config, prevResult: undefined }
      timed('own nothing', { ...own, command: 'DEL', config: withoutResult, containerID })
    }
    const of = samples.median
    const [addLimit, delLimit] = LIMITS[n] ?? [1, 1]
    const row = (what: string, own: number, other: number) => ({ what, n, unit: 'ms', own, other }) as const
    rows.push(
      {
        ...row(`iptables-${kind}: ADD`, of('own ADD'), of('bridge ADD')),
        against: "bridge's ipMasq",
        limit: addLimit,
      },
      {
        ...row(`iptables-${kind}: DEL`, of('own DEL'), of('bridge DEL')),
        against: "bridge's ipMasq",
        limit: delLimit,
      },
      {
        ...row(`iptables-${kind}: DEL, nothing found`, of('own nothing'), of('bridge DEL')),
        against: "bridge's ipMasq",
      },
    )
  }
  await Promise.all([ours, theirs, pod].map((namespace) => namespace.delete()))
  rmSync(directory, { recursive: true })
  return rows
}

const stays = { prevResult: resultWith(['10.244.1.8/16']) }

/** A directory in which `iptables` is of this kind: the reference plugin takes what is called so. */
function kindAsDefault(kind: 'nft' | 'legacy', directory: string): string {
  const tools = join(directory, `iptables-${kind}`)
  mkdirSync(tools)
  for (const tool of ['iptables', 'ip6tables', 'iptables-save', 'iptables-restore'])
    symlinkSync(`/usr/sbin/xtables-${kind}-multi`, join(tools, tool))
  return tools
}
