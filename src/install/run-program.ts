import { linkTarget } from '#system/files'
import { runProcess } from '#system/processes'
import type { Ended } from '../system/processes'

interface ProgramRun {
  readonly args?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly input?: string
  readonly milliseconds: number
}

interface ProgramResult {
  readonly succeeded: boolean
  readonly stdout: string
  /** Both outputs, or the reason why it could not be started. */
  readonly said: string
}

/** Starts one file by its path, with an environment of its own. */
export function runProgram(
  file: string,
  { args = [], environment = {}, input = '', milliseconds }: ProgramRun,
): ProgramResult {
  try {
    const ended = runProcess(file, { args, environment, input, milliseconds })
    const said = `${ended.stdout}${ended.stderr}`.trim()
    return {
      succeeded: ended.outcome === 'exited' && ended.status === 0,
      stdout: ended.stdout,
      said: said || describe(ended, milliseconds),
    }
  } catch (error) {
    return { succeeded: false, stdout: '', said: error instanceof Error ? error.message : String(error) }
  }
}

function describe(ended: Ended, milliseconds: number): string {
  if (ended.outcome === 'exited') return `it ended with status ${ended.status}`
  return ended.outcome === 'killed'
    ? `it was killed by ${ended.signal}`
    : `it did not end within ${milliseconds} ms`
}

/**
 * Names one of our descriptors as a file that another process can open. Our process number is read from /proc: in a
 * container that has entered the host's root, that number differs from the one that we have ourselves.
 */
export function fileOfDescriptor(descriptor: number): string {
  return `/proc/${linkTarget('/proc/self')}/fd/${descriptor}`
}
