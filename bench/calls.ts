import { execFileSync } from 'node:child_process'
import { enter } from './libc'
import { PLUGINS } from './plugins'

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

export interface TimedReply {
  readonly milliseconds: number
  readonly result: unknown
}

export function call(namespacePath: string, call: TimedCall): TimedReply {
  const { executable, command, config, netns, containerID, tools } = call
  const environment = {
    CNI_COMMAND: command,
    CNI_CONTAINERID: containerID ?? 'bench',
    CNI_NETNS: netns ?? '/var/run/netns/none',
    CNI_IFNAME: 'eth0',
    CNI_PATH: PLUGINS,
    ...(tools && { PATH: `${tools}:${process.env.PATH}` }),
  }
  const input = config === undefined ? '' : JSON.stringify(config)
  const { milliseconds, stdout } = runTimed(namespacePath, [executable], input, environment)
  return { milliseconds, result: stdout === '' ? undefined : JSON.parse(stdout) }
}

/** Milliseconds of any other process in the namespace. */
export function timeProcess(namespacePath: string, command: readonly string[], input = ''): number {
  return runTimed(namespacePath, command, input).milliseconds
}

function runTimed(namespacePath: string, command: readonly string[], input: string, environment = {}) {
  if (!globalThis.Bun) throw new Error('run this with scripts/bench')
  enter(namespacePath)
  const options = {
    stdin: new TextEncoder().encode(input),
    stdout: 'pipe',
    stderr: 'pipe',
    env: { PATH: process.env.PATH ?? '', ...environment },
    timeout: 60_000,
    killSignal: 'SIGKILL',
  } as const
  const started = performance.now()
  const reply = globalThis.Bun.spawnSync(command, options)
  const milliseconds = performance.now() - started
  const stdout = new TextDecoder().decode(reply.stdout)
  if (reply.exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${reply.exitCode}: ${stdout}`)
  return { milliseconds, stdout }
}

/**
 * Peak resident memory of one ADD in MiB. By way of time(1), which is small: a child's figure begins with what its
 * parent had when it forked.
 */
export function peakMemory(namespacePath: string, executable: string, config: unknown): number {
  enter(namespacePath)
  const env = {
    PATH: process.env.PATH ?? '',
    CNI_COMMAND: 'ADD',
    CNI_CONTAINERID: 'memory',
    CNI_NETNS: '/x',
    CNI_IFNAME: 'eth0',
    CNI_PATH: '/x',
  }
  const script = `/usr/bin/time -f %M ${executable} 2>&1 >/dev/null`
  const text = execFileSync('bash', ['-c', script], { env, input: JSON.stringify(config), encoding: 'utf8' })
  return Number(text.trim().split('\n').at(-1)) / 1024
}
