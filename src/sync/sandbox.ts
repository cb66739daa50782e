import { isObject, type JsonObject } from '../cni/json'
import { inodeOf, processOf } from './netns'

/**
 * The network namespace of an interface, from the result (spec: "Success", `sandbox`). It serves cache entries of a
 * libcni before 1.2, which recorded none: containerd 1.x and cri-dockerd.
 *
 * Only a namespace that exists now is returned. When it no longer exists, its pod is gone; a path that was never there
 * would prove nothing.
 */
export function existingSandbox({ interfaces }: JsonObject, ifname: string): string | undefined {
  if (!Array.isArray(interfaces)) return undefined
  for (const entry of interfaces) {
    if (!isObject(entry) || entry.name !== ifname) continue
    const { sandbox } = entry
    if (typeof sandbox === 'string' && sandbox.startsWith('/') && isPods(sandbox)) return sandbox
  }
  return undefined
}

/** Whether it exists, and is not the node's own: in /proc another process may have got the number. */
function isPods(path: string): boolean {
  const process = processOf(path)
  // Only the runtime knows the meaning of any other path there.
  if (process === undefined && path.startsWith('/proc/')) return false
  // stat(2) of another user's namespace takes CAP_SYS_PTRACE, but what a process shows of its network, everybody may see.
  const inode = inodeOf(process === undefined ? path : `/proc/${process}/net/dev`)
  const own = inodeOf(process === undefined ? '/proc/self/ns/net' : '/proc/self/net/dev')
  return inode !== undefined && inode !== own
}
