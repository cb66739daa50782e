import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { STOPWATCH } from './programs'

/** What a process used, or several of them that were started at once. */
export interface Figures {
  /** From the first start to the last end. */
  readonly milliseconds: number
  /** Processor time, of all of them. */
  readonly processor: number
  /** Peak resident memory of the largest. */
  readonly kibibytes: number
  /** Page faults of all of them. */
  readonly faults: number
}

export interface Output {
  readonly stdout: string
  readonly stderr: string
}

export interface Processes {
  readonly command: readonly string[]
  /** One process for each, all at once. */
  readonly inputs: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

/** Runs processes in the namespace that all have to succeed. */
export function measure(
  namespacePath: string,
  { command, inputs, environment }: Processes,
): Output & Figures {
  const input = inputs.map((text) => `${text}\0`).join('')
  const ended = stopwatch([namespacePath, 'processes', ...command], input, environment)
  const { failures, ...figures } = JSON.parse(ended.output[3] ?? '')
  if (failures > 0) throw new Error(`${command.join(' ')} failed: ${ended.stdout}${ended.stderr}`)
  return { ...figures, stdout: ended.stdout, stderr: ended.stderr }
}

let flowsBefore = 0

/** Microseconds per new flow: datagrams to ever new destination ports from one socket in the namespace. */
export function timeNewFlows(namespacePath: string, destination: string, flows: number): number {
  const args = ['flows', '10.244.1.7', destination, String(flowsBefore), String(flows)]
  flowsBefore += flows
  const { milliseconds } = JSON.parse(stopwatch([namespacePath, ...args]).output[3] ?? '')
  return (milliseconds * 1000) / flows
}

function stopwatch(args: readonly string[], input = '', environment = {}): SpawnSyncReturns<string> {
  const ended = spawnSync(STOPWATCH, args, {
    input,
    env: { PATH: process.env.PATH ?? '', ...environment },
    // The figures come on a descriptor of their own.
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout: 120_000,
    killSignal: 'SIGKILL',
  })
  if (ended.status !== 0) throw new Error(`${args.join(' ')} could not be measured: ${ended.stderr}`)
  return ended
}

/** What a command in the namespace prints. */
export function runInside(
  namespacePath: string,
  command: string,
  args: readonly string[],
  input = '',
): string {
  const words = [`--net=${namespacePath}`, command, ...args]
  return execFileSync('nsenter', words, { input, encoding: 'utf8', maxBuffer: 1 << 28 })
}
