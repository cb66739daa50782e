import { statusIfThere } from '#system/files'
import { canChangeRoot, changeRoot } from '#system/root'
import { CniError } from '../cni/error'
import { exists } from '../system/absent'

/**
 * For a container that has the host's / mounted: from here on every path is the host's, and so are the tools and their
 * libraries. An nft of the container's own could be of another version than the one that pods' ADDs and DELs run, or be
 * there where the host has none, and the two would not see the same rules.
 */
export function enterHostRoot(root: string): void {
  const refuse = (why: string) => new CniError('ioFailure', `Cannot enter ${root}: ${why}`)
  if (!canChangeRoot()) throw refuse('only the native executable can; use dist/ip-masq')
  if (statusIfThere(root)?.kind !== 'directory') throw refuse("it is no directory; mount the host's / there")
  if (!exists(`${root}/proc/self/exe`))
    throw refuse("it has no /proc; mount the host's / with all that is mounted below it (rbind)")
  if (!changeRoot(root)) throw refuse('chroot was refused; it needs CAP_SYS_CHROOT')
}
