import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync, writeSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { ARCHITECTURES, type Architecture, thisArchitecture } from '../scripts/packaging/architecture'
import { withNamespace } from '../test/lab/namespace'
import { configWith, EXECUTABLES } from '../test/lab/plugin'
import { type Budget, type Calls, compareWithBudget } from './budget'
import { median } from './report'
import { measure } from './stopwatch'

/**
 * scripts/bench counts [--check | --write]: the instructions and page faults of single calls, which are the same on a busy
 * machine and on a quiet one. --check compares them with bench/budget.json and is a step of the gate; --write makes them
 * the budget.
 */

const BUDGET = new URL('budget.json', import.meta.url)

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

async function count(): Promise<Calls> {
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

function readBudgets(): Partial<Record<Architecture, Budget>> {
  return JSON.parse(readFileSync(BUDGET, 'utf8'))
}

function compilerOf(architecture: Architecture): string {
  const text = execFileSync(ARCHITECTURES[architecture].compiler, ['--version'], { encoding: 'utf8' })
  return text.split('\n')[0]?.replace(/^\S+ /, 'gcc ') ?? ''
}

const say = (line: string) => writeSync(1, `${line}\n`)
const { values } = parseArgs({ options: { check: { type: 'boolean' }, write: { type: 'boolean' } } })
const architecture = thisArchitecture()
const own: Budget = { compiler: compilerOf(architecture), calls: await count() }
for (const [command, { instructions, faults }] of Object.entries(own.calls))
  say(`${command}: ${instructions} instructions, ${faults} page faults`)
if (values.write) {
  writeFileSync(BUDGET, `${JSON.stringify({ ...readBudgets(), [architecture]: own }, null, 2)}\n`)
} else if (values.check) {
  const budget = readBudgets()[architecture]
  if (!budget)
    throw new Error(
      `bench/budget.json has no budget for ${architecture}: add one with scripts/bench counts --write`,
    )
  const { failures, hints } = compareWithBudget(own, budget)
  for (const line of [...failures, ...hints]) say(line)
  process.exitCode = failures.length > 0 ? 1 : 0
}
