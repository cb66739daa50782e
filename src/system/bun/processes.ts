import { killGroup, whyNotExecutable as why } from '../node/processes'
import { decode, encode } from '../node/text'
import type { Ended, Run } from '../processes'

export function runProcess(file: string, { args, environment, input, milliseconds }: Run): Ended {
  const result = Bun.spawnSync([file, ...args], {
    stdin: encode(input),
    stdout: 'pipe',
    stderr: 'pipe',
    cwd: '/',
    env: environment,
    timeout: milliseconds,
    killSignal: 'SIGKILL',
    detached: true,
  })
  const [stdout, stderr] = [decode(result.stdout), decode(result.stderr)]
  if (result.exitedDueToTimeout) {
    killGroup(result.pid)
    return { outcome: 'deadline', stdout, stderr }
  }
  if (result.exitCode !== null) return { outcome: 'exited', status: result.exitCode, stdout, stderr }
  return { outcome: 'killed', signal: result.signalCode ?? 'a signal', stdout, stderr }
}

/** Without node:fs, whose loading alone takes 0.9 ms of a call. */
export function isExecutable(file: string): boolean {
  return Bun.which(file) !== null
}

export function whyNotExecutable(file: string): string | undefined {
  return why(file)
}
