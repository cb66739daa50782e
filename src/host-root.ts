import { CniError } from './cni/error'
import { openLibc } from './libc'
import { loadBuiltin } from './runtime'

/**
 * For a container that has the host's / mounted: from here on every path is the host's, and so are the tools and their
 * libraries. An nft of the container's own could be of another version than the one that pods' ADDs and DELs run, or be
 * there where the host has none, and the two would not see the same rules.
 */
export function enterHostRoot(root: string): void {
  const refuse = (why: string) => new CniError('ioFailure', `Cannot enter ${root}: ${why}`)
  const { existsSync, statSync } = loadBuiltin('node:fs')
  if (!globalThis.Bun) throw refuse('only the native executable can; use dist/ip-masq')
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory())
    throw refuse("it is no directory; mount the host's / there")
  if (!existsSync(`${root}/proc/self/exe`))
    throw refuse("it has no /proc; mount the host's / with all that is mounted below it (rbind)")
  // chroot(2) is for all threads of the process.
  const { chroot, chdir } = openLibc({
    chroot: { args: ['cstring'], returns: 'int' },
    chdir: { args: ['cstring'], returns: 'int' },
  })
  if (chroot(cString(root)) !== 0 || chdir(cString('/')) !== 0)
    throw refuse('chroot was refused; it needs CAP_SYS_CHROOT')
}

function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`)
}
