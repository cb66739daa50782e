import { linkTarget, readText, realPath, status, statusOfEntry } from '#system/files'
import { exists, isAbsent } from '../system/absent'
import { once } from '../system/once'
import { dirname } from '../system/paths'

/** The namespace of a process, or of one of its threads: proc_pid_ns(5). */
const OF_PROCESS = /^\/proc\/(\d+)\/(?:task\/\d+\/)?ns\/net$/

/** The number of the process whose namespace the path names. */
export function processOf(path: string): string | undefined {
  return OF_PROCESS.exec(path)?.[1]
}

/** Whether a network namespace that was recorded is gone. */
export type NetnsTest = (path: string, bootSeconds?: number) => boolean

/**
 * Returns a test of whether a network namespace is gone, proven by the kernel. A namespace that is merely out of sight is
 * not gone. A container or a systemd unit that lacks the host's /run/netns sees no such directory or an empty one, and
 * one without CAP_SYS_PTRACE may not look at the namespace of another user's process (EACCES). Neither may take every pod
 * for dead.
 *
 * A plain file in the place of a namespace (`isPlainFile`) proves something only where the node's own mounts are visible.
 * A container whose mount of /run gets no new mounts from the host sees the file that a living namespace is mounted on.
 *
 * `bootSeconds` is the time when the rules that name the namespace were written. A process that began later has got the
 * number of the process that the runtime meant.
 *
 * A test is for one run: it looks up only once what holds for many paths.
 */
export function netnsTest(): NetnsTest {
  const directories = new Map<string, boolean>()
  const isDirectoryUsed = (directory: string) => {
    const known = directories.get(directory) ?? hasNamespaces(directory)
    directories.set(directory, known)
    return known
  }
  const isHidden = once(areProcessesHidden)
  const living = new Set<string>()
  return (path, bootSeconds) => {
    // Nearly all namespaces are living, and one look is enough for those.
    if (living.has(path)) return false
    if (isNamespace(path)) {
      living.add(path)
      return false
    }
    const place = withoutLinks(path)
    const process = processOf(place)
    const isProcOf = () => isProcOfNode() || isProcOlderThan(bootSeconds)
    if (process !== undefined) {
      if (isHidden() || !isProcOf()) return false
      return isAbsent(place) || beganAfter(process, bootSeconds)
    }
    // Only the runtime knows the meaning of any other path in /proc, such as one of its own descriptors.
    if (!place.startsWith('/') || place.startsWith('/proc/')) return false
    const isOfNode = () => isProcOf() && areMountsOfNode()
    if (isAbsent(place)) return exists(dirname(place)) && (isDirectoryUsed(dirname(place)) || isOfNode())
    return isPlainFile(place) && isOfNode()
  }
}

/** Whether a namespace is mounted there. A link is not a namespace; those in /proc are links. */
function isNamespace(path: string): boolean {
  try {
    const entry = statusOfEntry(path)
    return entry !== undefined && entry.kind !== 'link' && entry.device === namespaceDevice()
  } catch {
    return false
  }
}

/** Whether the path has something that is no namespace. What we cannot look at may be a namespace. */
export function isPlainFile(path: string): boolean {
  try {
    return status(path).device !== namespaceDevice()
  } catch {
    return false
  }
}

/** All namespaces are on one device, because nsfs is one file system. */
const namespaceDevice = once(() => status('/proc/self/ns/net').device)

const MOST_LINKS = 8

/**
 * Resolves links in the path: some runtimes name a process's namespace by a link in /run/netns. The links in /proc lead
 * nowhere by name, and are not followed.
 */
function withoutLinks(path: string): string {
  let place = path
  for (let i = 0; i < MOST_LINKS && !place.startsWith('/proc/'); i++) {
    try {
      if (statusOfEntry(place)?.kind !== 'link') return place
      const target = linkTarget(place)
      place = target.startsWith('/') ? target : `${dirname(place)}/${target}`
    } catch {
      // We may not look at it, or it was replaced since.
      return place
    }
  }
  return place
}

/** Whether a namespace is mounted in this directory, which shows that a runtime keeps its namespaces there. */
function hasNamespaces(directory: string): boolean {
  try {
    const head = `${realPath(directory)}/`
    // A mount over the directory hides the mounts below it, but these are listed all the same.
    return mountedNamespaces().some(({ place, inode }) => place.startsWith(head) && inodeOf(place) === inode)
  } catch {
    return false
  }
}

/** The inode that stat(2) gives; undefined where we may not look. */
export function inodeOf(path: string): number | undefined {
  try {
    return status(path).inode
  } catch {
    return undefined
  }
}

export interface MountedNamespace {
  readonly place: string
  readonly inode: number
}

/** proc_pid_mountinfo(5): `36 35 0:4 net:[4026532182] /run/netns/x rw shared:1 - nsfs nsfs rw` */
export function mountedNamespaces(): readonly MountedNamespace[] {
  return readText('/proc/self/mountinfo')
    .split('\n')
    .flatMap((line): MountedNamespace[] => {
      const [, , , root = '', place = ''] = line.split(' ')
      const inode = /^net:\[(\d+)\]$/.exec(root)?.[1]
      return inode === undefined ? [] : [{ place, inode: Number(inode) }]
    })
}

/** Whether we see the mounts that the node's first process sees; false where we may not look. */
function areMountsOfNode(): boolean {
  try {
    return status('/proc/1/ns/mnt').inode === status('/proc/self/ns/mnt').inode
  } catch {
    return false
  }
}

/** Whether every process of the node is shown here. */
export function areProcessesVisible(): boolean {
  return !areProcessesHidden() && isProcOfNode()
}

/**
 * Whether this /proc hides processes. With the option hidepid (systemd: ProtectProc) it answers ENOENT for processes that
 * exist.
 */
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
 * Whether this /proc shows the processes of the whole machine. The /proc of a container shows only its own, under other
 * numbers. The kernel's own threads are in the first PID namespace, and number 2 is always a certain one of them.
 */
function isProcOfNode(): boolean {
  try {
    return readText('/proc/2/comm') === 'kthreadd\n'
  } catch {
    return false
  }
}

/**
 * Whether this /proc is older than the rules. A node may be a container itself (kind, minikube), and its /proc is older
 * than the rules of any of its pods. The /proc of a container that was started to run this command is younger, and the
 * numbers in it mean other processes.
 */
function isProcOlderThan(bootSeconds: number | undefined): boolean {
  const began = beginningOf('1')
  return bootSeconds !== undefined && began !== undefined && began < bootSeconds
}

/**
 * proc_pid_stat(5): the 22nd field is the start of the process, in ticks since the boot; the kernel always counts 100 a
 * second.
 */
const TICKS_PER_SECOND = 100

function beganAfter(process: string, bootSeconds: number | undefined): boolean {
  const began = beginningOf(process)
  // One second is added because both times are rounded.
  return bootSeconds !== undefined && began !== undefined && began > bootSeconds + 1
}

/** The start of a process in seconds since the boot; undefined where it cannot be read. */
function beginningOf(process: string): number | undefined {
  try {
    const stat = readText(`/proc/${process}/stat`)
    // The second field is a name in parentheses, which may hold any character.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) / TICKS_PER_SECOND
  } catch {
    return undefined
  }
}
