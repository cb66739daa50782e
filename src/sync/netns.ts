import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isAbsent } from '../absent'

/** The namespace of a process, or of one of its threads: proc_pid_ns(5). */
const OF_PROCESS = /^\/proc\/(\d+)\/(?:task\/\d+\/)?ns\/net$/

/** Whether a network namespace that was recorded is gone. */
export type NetnsTest = (path: string, bootSeconds?: number) => boolean

/**
 * A test of whether a network namespace is gone, proven by the kernel. Not merely out of sight: a container or a systemd unit
 * that lacks the host's /run/netns sees none at all, one without CAP_SYS_PTRACE may not look at the namespace of another
 * user's process (EACCES), and neither may take every pod for dead.
 *
 * `bootSeconds`: when the rules that name it were written. A process that began after that has inherited the number of the
 * one that the runtime meant.
 *
 * What holds for many paths is looked up once, so a test is for one run.
 */
export function netnsTest(): NetnsTest {
  const directories = new Map<string, boolean>()
  const isDirectoryVisible = (directory: string) => {
    const known = directories.get(directory) ?? isVisible(directory)
    directories.set(directory, known)
    return known
  }
  let canSeeProcesses: boolean | undefined
  return (path, bootSeconds) => {
    const [, process] = OF_PROCESS.exec(path) ?? []
    if (process !== undefined) {
      canSeeProcesses ??= areProcessesVisible()
      return canSeeProcesses && (isAbsent(path) || beganAfter(process, bootSeconds))
    }
    // Anything else in /proc means something to the runtime only: its own descriptors, or itself.
    if (!path.startsWith('/') || path.startsWith('/proc/')) return false
    return isAbsent(path) && isDirectoryVisible(dirname(path))
  }
}

function isVisible(directory: string): boolean {
  try {
    statSync(directory)
    return true
  } catch {
    return false
  }
}

/** A /proc with the option hidepid (systemd: ProtectProc) answers ENOENT for processes that are there. */
export function areProcessesVisible(): boolean {
  try {
    const mounts = readFileSync('/proc/self/mounts', 'utf8')
    const [last = ''] = mounts
      .split('\n')
      .filter((line) => line.split(' ')[1] === '/proc')
      .slice(-1)
    const hidepid = /[ ,]hidepid=([^ ,]+)/.exec(last)?.[1]
    return last !== '' && (hidepid === undefined || hidepid === '0' || hidepid === 'off')
  } catch {
    return false
  }
}

/** proc_pid_stat(5): the 22nd field is when the process began, in ticks since the boot; the kernel always says 100 a second. */
const TICKS_PER_SECOND = 100

function beganAfter(process: string, bootSeconds: number | undefined): boolean {
  if (bootSeconds === undefined) return false
  try {
    const stat = readFileSync(`/proc/${process}/stat`, 'utf8')
    // The second field is a name, in parentheses, with any character in it.
    const began = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    // A second more: both times are rounded.
    return Number(began) / TICKS_PER_SECOND > bootSeconds + 1
  } catch {
    return false
  }
}
