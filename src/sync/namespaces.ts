import { namesIn as listNames, readText, statusIfThere } from '#system/files'
import { addressOf } from '../policy/address'
import { formatAddress } from '../policy/address-text'
import { isMissing } from '../system/errors'
import { inPlainWords } from '../system/plain-words'
import { areProcessesVisible, inodeOf, mountedNamespaces } from './netns'

/** The addresses of the network namespaces on this node, as far as they can be seen without entering one. */
export interface Sight {
  /** The addresses of all namespaces that have a process, without the node's own. */
  readonly addresses: ReadonlySet<string>
  /**
   * Namespaces that may have any address, because no known process is in them; or the reason why we see only some
   * processes.
   */
  readonly unseen: readonly string[]
}

interface Namespace {
  readonly addresses: readonly string[]
  /** The inode that stat(2) gives for /proc/PID/ns/net and for a file in /run/netns; undefined where we may not look. */
  readonly inode: number | undefined
}

/**
 * A process shows the addresses of its namespace in /proc/PID/net, to everybody. Entering a namespace (setns(2)) would
 * show those of the others too, but it is not safe in a process with threads, and a helper such as nsenter is not on
 * every node.
 *
 * `except` is the path of a namespace that does not count, because it is the namespace of the pod that is being added.
 */
export function lookAtNamespaces(except?: string): Sight {
  if (!areProcessesVisible()) return { addresses: new Set(), unseen: ['a process that /proc hides'] }
  const left = except === undefined ? undefined : inodeOf(except)
  const { namespaces, hidden } = namespacesOfProcesses()
  const counted = namespaces.filter(({ inode }) => inode === undefined || inode !== left)
  const inodes = new Set([left, ...namespaces.map(({ inode }) => inode)])
  const unseen = [...namedNamespaces()].filter(([, inode]) => inode === undefined || !inodes.has(inode))
  return {
    addresses: new Set(counted.flatMap(({ addresses }) => addresses)),
    unseen: [...unseen.map(([path]) => path), ...hidden],
  }
}

function namespacesOfProcesses(): { namespaces: readonly Namespace[]; hidden: readonly string[] } {
  const own = procInodeOf('self')
  const namespaces = new Map<number, Namespace>()
  const hidden: string[] = []
  // The node's own namespace has the node's addresses. It is no pod's, but a name in /run/netns may lead to it.
  if (own !== undefined) namespaces.set(own, { addresses: [], inode: inodeOf('/proc/self/ns/net') })
  for (const pid of listNames('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const id = procInodeOf(pid)
      if (id === undefined) continue
      const known = namespaces.get(id)
      if (known?.inode !== undefined) continue
      const addresses = known?.addresses ?? addressesOf(pid)
      namespaces.set(id, { addresses, inode: inodeOf(`/proc/${pid}/ns/net`) })
    } catch (error) {
      if (hasEnded(pid)) continue
      hidden.push(`process ${pid}: ${inPlainWords(error)}`)
    }
  }
  return { namespaces: [...namespaces.values()], hidden }
}

/**
 * The kernel gives each namespace its own files below /proc/PID/net: equal inodes mean the same namespace. Only a process
 * that may trace the other one sees the number of the namespace itself.
 */
function procInodeOf(pid: string): number | undefined {
  return statusIfThere(`/proc/${pid}/net/dev`)?.inode
}

function hasEnded(pid: string): boolean {
  return statusIfThere(`/proc/${pid}`) === undefined
}

function addressesOf(pid: string): string[] {
  return [
    ...ipv4In(readText(`/proc/${pid}/net/fib_trie`)),
    ...ipv6In(readOptional(`/proc/${pid}/net/if_inet6`)),
  ]
}

/** Reads a file. A kernel without IPv6 does not have this one. */
function readOptional(path: string): string {
  return statusIfThere(path) ? readText(path) : ''
}

/** `|-- 10.244.1.7` and, below it, `/32 host LOCAL`. */
function ipv4In(trie: string): string[] {
  const found: string[] = []
  let address = ''
  for (const line of trie.split('\n')) {
    const at = line.indexOf('|-- ')
    if (at >= 0) address = line.slice(at + 4).trim()
    else if (line.includes('/32 host LOCAL')) found.push(address)
  }
  return found
}

/** `fd000000000000000000000000000005 02 40 00 80 eth0` */
function ipv6In(list: string): string[] {
  return list
    .split('\n')
    .flatMap((line) => /^[0-9a-f]{32}/.exec(line) ?? [])
    .map((digits) => formatAddress(addressOf(digits)))
}

/** The directory in which `ip netns` and the runtimes name namespaces. */
const NAMED = '/run/netns'

/** Namespaces that exist without a process, because they are mounted somewhere, with their inodes. */
function namedNamespaces(): ReadonlyMap<string, number | undefined> {
  const mounted = mountedNamespaces().map(({ place, inode }): [string, number] => [place, inode])
  // A mount that does not reach our mount namespace leaves an empty file here, and no number.
  const files = namesIn(NAMED).map((name): [string, undefined] => [`${NAMED}/${name}`, undefined])
  return new Map<string, number | undefined>([...files, ...mounted])
}

function namesIn(directory: string): string[] {
  try {
    return listNames(directory)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
