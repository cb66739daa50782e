import { spawnSync } from 'node:child_process'
import { readlinkSync } from 'node:fs'

interface ProgramRun {
  readonly args?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly input?: string
  readonly milliseconds: number
}

interface ProgramResult {
  readonly succeeded: boolean
  readonly stdout: string
  /** Both outputs, or why it could not be started. */
  readonly said: string
}

/** Starts one file, by its path and with an environment of its own. */
export function runProgram(
  file: string,
  { args = [], environment = {}, input = '', milliseconds }: ProgramRun,
): ProgramResult {
  const { status, error, stdout, stderr } = spawnSync(file, args, {
    env: environment,
    cwd: '/',
    input,
    encoding: 'utf8',
    timeout: milliseconds,
    killSignal: 'SIGKILL',
  })
  const said = `${stdout ?? ''}${stderr ?? ''}`.trim()
  // A program that ends without reading its input gives EPIPE, and its status counts.
  return {
    succeeded: status === 0,
    stdout: stdout ?? '',
    said: said || (error?.message ?? `status ${status}`),
  }
}

/**
 * A descriptor of ours as a file that another process can open. Our number is asked of /proc: in a container that has
 * entered the host's root, it is another one there than we have ourselves.
 */
export function fileOfDescriptor(descriptor: number): string {
  return `/proc/${readlinkSync('/proc/self')}/fd/${descriptor}`
}
