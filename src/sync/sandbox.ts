import { statSync } from 'node:fs'
import { isObject, type JsonObject } from '../cni/json'

/**
 * The network namespace of an interface as its result names it (spec: "Success", `sandbox`), for the cache entries of a libcni
 * before 1.2, which recorded none: those of containerd 1.x and of cri-dockerd.
 *
 * Only one that exists now. When it no longer does, its pod is gone; a path that was never there would prove nothing.
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

/** The node's own is no pod's: another process has inherited the number in /proc/PID/ns/net. */
function isPods(path: string): boolean {
  try {
    return statSync(path).ino !== statSync('/proc/self/ns/net').ino
  } catch {
    return false
  }
}
