import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { PLUGINS } from './plugins'
import { STOPWATCH } from './programs'

/** One call of a plugin in a namespace, timed from its start to its end. */
export interface TimedCall {
  readonly executable: string
  readonly command: string
  readonly config: unknown
  readonly netns?: string
  readonly containerID?: string
  /** A directory to look for tools in first. */
  readonly tools?: string
}

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

export interface TimedReply extends Figures {
  readonly result: unknown
}

export function call(namespacePath: string, call: TimedCall): TimedReply {
  const input = call.config === undefined ? '' : JSON.stringify(call.config)
  const { stdout, ...figures } = measure(namespacePath, [call.executable], [input], environmentOf(call))
  return { ...figures, result: stdout === '' ? undefined : JSON.parse(stdout) }
}

/** One call for each config, all at once. Each is of an attachment of its own, with the same names each time. */
export function callAtOnce(namespacePath: string, call: TimedCall, configs: readonly unknown[]): Figures {
  const inputs = configs.map((config) => JSON.stringify(config))
  return measure(namespacePath, [call.executable], inputs, environmentOf(call))
}

/** Any other process in the namespace. */
export function timeProcess(namespacePath: string, command: readonly string[], input = ''): Figures {
  return measure(namespacePath, command, [input], {})
}

export function environmentOf({ command, netns, containerID, tools }: TimedCall) {
  return {
    CNI_COMMAND: command,
    CNI_CONTAINERID: containerID ?? 'bench',
    CNI_NETNS: netns ?? '/var/run/netns/none',
    CNI_IFNAME: 'eth0',
    CNI_PATH: PLUGINS,
    ...(tools && { PATH: `${tools}:${process.env.PATH}` }),
  }
}

function measure(
  namespacePath: string,
  command: readonly string[],
  inputs: readonly string[],
  environment: Readonly<Record<string, string>>,
): Figures & { readonly stdout: string } {
  const input = inputs.map((text) => `${text}\0`).join('')
  const ended = stopwatch([namespacePath, 'processes', ...command], input, environment)
  const { failures, ...figures } = JSON.parse(ended.output[3] ?? '')
  if (failures > 0) throw new Error(`${command.join(' ')} failed: ${ended.stdout}${ended.stderr}`)
  return { ...figures, stdout: ended.stdout }
}

let flowsBefore = 0

/**
 * Microseconds per new flow: datagrams to ever new destination ports from one socket in the namespace.
 */
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
