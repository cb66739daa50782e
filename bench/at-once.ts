import { createNamespace } from '../test/lab/namespace'
import { configWith, EXECUTABLES } from '../test/lab/plugin'
import { BRIDGE, bridgeConfig } from './bridge'
import { call, callAtOnce } from './calls'
import { createSamples, type Row } from './report'

/** Many pods that start in the same moment, as after a reboot. */

const PODS = 100

export async function benchAtOnce(rounds: number): Promise<Row[]> {
  const [ours, theirs, pod] = [
    await createNamespace('ours'),
    await createNamespace('bridge'),
    await createNamespace('pod'),
  ]
  const executable = EXECUTABLES.native
  call(ours.path, { executable, command: 'ADD', config: configWith(['10.9.0.1/16']) })
  const own = Array.from({ length: PODS }, (_, i) => configWith([`10.244.9.${i + 1}/16`]))
  const samples = createSamples()
  for (let round = 0; round < rounds; round++) {
    const containerID = `round-${round}`
    for (const command of ['ADD', 'DEL']) {
      const { milliseconds } = callAtOnce(ours.path, { executable, command, containerID }, own)
      samples.add(`own ${command}`, milliseconds)
    }
    const bridge = (command: string, ipMasq: boolean) => {
      // All of them have their interfaces in one namespace; the kernel makes one interface after the other anyway.
      const configs = Array.from({ length: PODS }, () => bridgeConfig('at-once', ipMasq))
      const pods = { executable: BRIDGE, command, containerID, netns: pod.path }
      return callAtOnce(theirs.path, pods, configs).milliseconds
    }
    const masquerade = { ADD: bridge('ADD', true), DEL: bridge('DEL', true) }
    const plain = { ADD: bridge('ADD', false), DEL: bridge('DEL', false) }
    for (const command of ['ADD', 'DEL'] as const) {
      samples.add(`bridge ${command}`, masquerade[command])
      samples.add(`cost ${command}`, masquerade[command] - plain[command])
    }
  }
  await Promise.all([ours, theirs, pod].map((namespace) => namespace.delete()))
  const of = samples.median
  return ['ADD', 'DEL'].flatMap((command): Row[] => {
    const row = { what: `${PODS} ${command}s at once`, n: 1, unit: 'ms', own: of(`own ${command}`) } as const
    return [
      {
        ...row,
        against: "bridge's with ipMasq",
        other: of(`bridge ${command}`),
        ...(command === 'ADD' && { limit: 0.2 }),
      },
      { ...row, against: "bridge's ipMasq", other: of(`cost ${command}`) },
    ]
  })
}
