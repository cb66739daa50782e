import { errorCode } from '../errors'
import type { Ended, Run } from '../processes'
import { loadBuiltin } from './load-builtin'

/**
 * The result depends on the status: for a tool that ends without reading its input there is an `error` EPIPE and status
 * 0.
 */
export function runProcess(file: string, { args, environment, input, milliseconds }: Run): Ended {
  const options = {
    input,
    encoding: 'utf8',
    env: environment,
    cwd: '/',
    timeout: milliseconds,
    killSignal: 'SIGKILL',
    maxBuffer: Number.POSITIVE_INFINITY,
    // This works for `spawnSync` as well as for `spawn`, though only the latter's page lists it.
    detached: true,
  } as const
  const result = loadBuiltin('node:child_process').spawnSync(file, args, options)
  const { pid, status, signal, error, stdout, stderr } = result
  if (errorCode(error) === 'ETIMEDOUT') {
    killGroup(pid)
    return { outcome: 'deadline', stdout, stderr }
  }
  if (status !== null) return { outcome: 'exited', status, stdout, stderr }
  if (signal !== null) return { outcome: 'killed', signal, stdout, stderr }
  throw error
}

/**
 * Kills the group. The runtime has killed the process itself. The group has its number, which nobody else gets while the
 * group exists.
 */
export function killGroup(pid: number): void {
  try {
    if (pid > 0) process.kill(-pid, 'SIGKILL')
  } catch {
    // The process left nothing behind.
  }
}

export function isExecutable(file: string): boolean {
  return whyNotExecutable(file) === undefined
}

export function whyNotExecutable(file: string): string | undefined {
  const { accessSync, constants } = loadBuiltin('node:fs')
  try {
    accessSync(file, constants.X_OK)
    return undefined
  } catch (error) {
    return errorCode(error) ?? String(error)
  }
}
