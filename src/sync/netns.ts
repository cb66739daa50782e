import { readText, status } from '#system/files'
import { isAbsent } from '../system/absent'
import { dirname } from '../system/paths'

/** The namespace of a process, or of one of its threads: proc_pid_ns(5). */
const OF_PROCESS = /^\/proc\/(\d+)\/(?:task\/\d+\/)?ns\/net$/

/** The number of the process whose namespace the path means. */
export function processOf(path: string): string | undefined {
  return OF_PROCESS.exec(path)?.[1]
}

/** Whether a network namespace that was recorded is gone. */
export type NetnsTest = (path: string, bootSeconds?: number) => boolean

/**
 * A test of whether a network namespace is gone, proven by the kernel. Not merely out of sight: a container or a systemd unit
 * that lacks the host's /run/netns sees none at all, one without CAP_SYS_PTRACE may not look at the namespace of another
 * user's process (EACCES), and neither may take every pod for dead.
 *
 * A plain file in its place proves nothing either: a container whose mount of /run gets no new mounts from the host sees
 * only the file that a living namespace is mounted on.
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
  let isHidden: boolean | undefined
  return (path, bootSeconds) => {
    const process = processOf(path)
    if (process !== undefined) {
      isHidden ??= areProcessesHidden()
      if (isHidden || !(isProcOfNode() || isProcOlderThan(bootSeconds))) return false
      return isAbsent(path) || beganAfter(process, bootSeconds)
    }
    // Anything else in /proc means something to the runtime only: its own descriptors, or itself.
    if (!path.startsWith('/') || path.startsWith('/proc/')) return false
    return isAbsent(path) && isDirectoryVisible(dirname(path))
  }
}

function isVisible(directory: string): boolean {
  try {
    status(directory)
    return true
  } catch {
    return false
  }
}

/** Whether every process of the node is shown here. */
export function areProcessesVisible(): boolean {
  return !areProcessesHidden() && isProcOfNode()
}

/** A /proc with the option hidepid (systemd: ProtectProc) answers ENOENT for processes that are there. */
function areProcessesHidden(): boolean {
  try {
    const mounts = readText('/proc/self/mounts')
    const [last = ''] = mounts
      .split('\n')
      .filter((line) => line.split(' ')[1] === '/proc')
      .slice(-1)
    const hidepid = /[ ,]hidepid=([^ ,]+)/.exec(last)?.[1]
    return last === '' || !(hidepid === undefined || hidepid === '0' || hidepid === 'off')
  } catch {
    return true
  }
}

/**
 * Whether this /proc shows the processes of the whole machine. That of a container shows its own only, under other numbers. The
 * kernel's own threads are in the first PID namespace, and number 2 is always this one.
 */
function isProcOfNode(): boolean {
  try {
    return readText('/proc/2/comm') === 'kthreadd\n'
  } catch {
    return false
  }
}

/**
 * A node may be a container itself (kind, minikube). Its /proc is older than the rules of any of its pods; that of a container
 * which was started to run this command is younger, and the numbers in it mean other processes.
 */
function isProcOlderThan(bootSeconds: number | undefined): boolean {
  const began = beginningOf('1')
  return bootSeconds !== undefined && began !== undefined && began < bootSeconds
}

/** proc_pid_stat(5): the 22nd field is when the process began, in ticks since the boot; the kernel always says 100 a second. */
const TICKS_PER_SECOND = 100

function beganAfter(process: string, bootSeconds: number | undefined): boolean {
  const began = beginningOf(process)
  // A second more: both times are rounded.
  return bootSeconds !== undefined && began !== undefined && began > bootSeconds + 1
}

/** In seconds since the boot; undefined where it cannot be read. */
function beginningOf(process: string): number | undefined {
  try {
    const stat = readText(`/proc/${process}/stat`)
    // The second field is a name, in parentheses, with any character in it.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) / TICKS_PER_SECOND
  } catch {
    return undefined
  }
}
