import { withNamespace } from '../test/lab/namespace'
import { configWith, EXECUTABLES } from '../test/lab/plugin'
import type { Calls } from './budget'
import { median } from './report'
import { measure } from './stopwatch'

const FAULT_ROUNDS = 9

const ADDRESSES = ['10.244.1.7/24', 'fd00:244:1::7/64']
const OTHER_ADDRESSES = ['10.244.1.8/24', 'fd00:244:1::8/64']
const NO_POD = { cniVersion: '1.1.0', name: 'cbr0', type: 'ip-masq' }

/** The same on every machine, because a call reads all of it. */
const ENVIRONMENT = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  CNI_NETNS: '/var/run/netns/none',
  CNI_IFNAME: 'eth0',
  CNI_PATH: '/opt/cni/bin',
}

const VALGRIND = ['valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null']

const CASES = [
  ['ADD', configWith(ADDRESSES)],
  ['DEL', configWith(ADDRESSES)],
  ['STATUS', NO_POD],
  ['VERSION', NO_POD],
] as const

/** Instructions, by valgrind, and page faults of single calls. */
export async function count(): Promise<Calls> {
  return withNamespace('counts', async ({ path }) => {
    let pods = 0
    const call = (command: string, config: unknown, under: readonly string[] = []) => {
      // No container comes twice: the ADD of one that was just deleted has more to do.
      const environment = {
        ...ENVIRONMENT,
        CNI_COMMAND: command,
        CNI_CONTAINERID: String(pods).padStart(64, '0'),
      }
      return measure(path, {
        command: [...under, EXECUTABLES.native],
        inputs: [JSON.stringify(config)],
        environment,
      })
    }
    // A pod that stays has set the policy up, as on any node with pods.
    call('ADD', configWith(OTHER_ADDRESSES))
    const faults: Record<string, number[]> = {}
    for (let round = 0; round < FAULT_ROUNDS; round++) {
      pods++
      for (const [command, config] of CASES)
        faults[command] = [...(faults[command] ?? []), call(command, config).faults]
    }
    pods++
    const counts = CASES.map(([command, config]) => {
      const { stderr } = call(command, config, VALGRIND)
      const instructions = Number(/Collected : (\d+)/.exec(stderr)?.[1])
      return [command, { instructions, faults: median(faults[command] ?? []) }] as const
    })
    return Object.fromEntries(counts)
  })
}
