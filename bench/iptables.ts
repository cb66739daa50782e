import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Namespace } from '../test/lab/namespace'
import { configWith, EXECUTABLES, resultWith } from '../test/lab/plugin'
import { call } from './calls'
import { fillBridge, fillIptables } from './fill'
import { PLUGINS } from './plugins'
import { median, type Row } from './report'

/** Our iptables backend beside the reference bridge plugin's masquerade, both with the same kind of iptables. */

const SIZES = [0, 110, 1_000]
const LIMITS: Readonly<Record<number, readonly [add: number, del: number]>> = {
  0: [1, 0.6],
  110: [0.8, 0.6],
  1000: [0.5, 0.6],
}

export interface IptablesBench {
  readonly kind: 'nft' | 'legacy'
  readonly rounds: number
  readonly directory: string
  readonly bridgeConfig: (label: string, ipMasq: boolean) => unknown
}

export async function benchIptables(
  [ours, theirs, pod]: readonly [Namespace, Namespace, Namespace],
  { kind, rounds, directory, bridgeConfig }: IptablesBench,
): Promise<Row[]> {
  const tools = kindAsDefault(kind, directory)
  const bridge = { executable: join(PLUGINS, 'bridge'), netns: pod.path, tools }
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
    const samples: Record<string, number[]> = {}
    const timed = (key: string, where: Namespace, what: Parameters<typeof call>[1]) => {
      samples[key] = [...(samples[key] ?? []), call(where.path, what).milliseconds]
    }
    for (let round = 0; round < rounds; round++) {
      for (const command of ['ADD', 'DEL']) {
        for (const ipMasq of [true, false]) {
          const label = `${kind}-${n}`
          // ADD and DEL of one pair follow each other: the address is free again.
          if (command === 'ADD') {
            timed(`bridge ADD ${ipMasq}`, theirs, { ...bridge, command, config: bridgeConfig(label, ipMasq) })
            timed(`bridge DEL ${ipMasq}`, theirs, {
              ...bridge,
              command: 'DEL',
              config: bridgeConfig(label, ipMasq),
            })
          }
        }
        timed(`own ${command}`, ours, { ...own, command })
      }
      timed('own nothing', ours, { ...own, command: 'DEL', config: { ...config, prevResult: undefined } })
    }
    const of = (key: string) => median(samples[key] ?? [])
    const cost = (verb: string) => of(`bridge ${verb} true`) - of(`bridge ${verb} false`)
    const [addLimit, delLimit] = LIMITS[n] ?? [1, 1]
    const row = (what: string, own: number, other: number) => ({ what, n, unit: 'ms', own, other }) as const
    rows.push(
      {
        ...row(`iptables-${kind}: ADD`, of('own ADD'), cost('ADD')),
        against: 'bridge ipMasq',
        limit: addLimit,
      },
      {
        ...row(`iptables-${kind}: DEL`, of('own DEL'), cost('DEL')),
        against: 'bridge ipMasq',
        limit: delLimit,
      },
      {
        ...row(`iptables-${kind}: DEL, nothing found`, of('own nothing'), cost('DEL')),
        against: "bridge's DEL",
      },
    )
  }
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
