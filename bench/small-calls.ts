import { withNamespace } from '../test/lab/namespace'
import { configWith, EXECUTABLES } from '../test/lab/plugin'
import { BRIDGE } from './bridge'
import { call, timeProcess } from './calls'
import { count } from './count'
import { NOTHING } from './programs'
import { atMost, createSamples, type Row } from './report'

/** What a call costs that hardly does anything, and what any call takes of memory and of the processor. */

/** What they may take more than an empty program. */
const MILLISECONDS = 2.5

const CONFIG = { cniVersion: '1.1.0', name: 'bench', type: 'ip-masq', nonMasqueradeCIDRs: ['10.0.0.0/8'] }

const executable = EXECUTABLES.native

/** containerd asks for STATUS every 5 s on every node. */
export async function benchSmallCalls(rounds: number): Promise<Row[]> {
  return withNamespace('small', async ({ path }) => {
    const samples = createSamples()
    for (let round = 0; round < 3 * rounds; round++) {
      for (const command of ['STATUS', 'VERSION'])
        samples.add(command, call(path, { executable, command, config: CONFIG }).milliseconds)
      const theirs = { executable: BRIDGE, command: 'VERSION', config: { cniVersion: '1.0.0' } }
      samples.add('bridge', call(path, theirs).milliseconds)
      samples.add('nothing', timeProcess(path, [NOTHING]).milliseconds)
    }
    const memory = []
    for (let round = 0; round < rounds; round++) {
      const pod = { executable, config: configWith(), containerID: `memory-${round}` }
      for (const command of ['ADD', 'DEL']) memory.push(call(path, { ...pod, command }).kibibytes / 1024)
    }
    const of = samples.median
    const row = { n: 0, unit: 'ms', own: of('VERSION') } as const
    return [
      { ...row, what: 'VERSION', against: "bridge's VERSION", other: of('bridge'), limit: 0.5 },
      ...['STATUS', 'VERSION'].map(
        (command): Row => ({
          ...{ n: 0, unit: 'ms', what: command, own: of(command) },
          against: `an empty program + ${MILLISECONDS} ms`,
          other: of('nothing') + MILLISECONDS,
          limit: 1,
        }),
      ),
      {
        what: 'STATUS',
        n: 0,
        unit: 'ms',
        own: of('STATUS'),
        against: "bridge's VERSION",
        other: of('bridge'),
        limit: 1,
      },
      { what: 'peak memory of an ADD or a DEL', n: 0, unit: 'MiB', own: Math.max(...memory), ...atMost(5) },
    ]
  })
}

const [INSTRUCTIONS, FAULTS] = [6, 180]

export async function benchCounts(): Promise<Row[]> {
  return Object.entries(await count()).flatMap(([command, { instructions, faults }]): Row[] => [
    { what: `${command}: instructions`, n: 1, unit: 'M', own: instructions / 1e6, ...atMost(INSTRUCTIONS) },
    { what: `${command}: page faults`, n: 1, unit: '', own: faults, ...atMost(FAULTS) },
  ])
}
