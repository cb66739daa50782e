import { statusIfThere } from '#system/files'
import { canChangeRoot, changeRoot } from '#system/root'
import { CniError } from '../cni/error'
import { exists } from '../system/absent'

/**
 * Enters the host's / in a container that has it mounted. From then on every path is the host's, and so are the tools
 * and their libraries. An nft of the container itself could have another version than the one that ADDs and DELs run,
 * or exist although the host has none. The two would not see the same rules.
 */
export function enterHostRoot(root: string): void {
  const refuse = (why: string) => new CniError('ioFailure', `Cannot enter ${root}: ${why}`)
  if (!canChangeRoot()) throw refuse('only the native executable can; use dist/ip-masq')
  if (statusIfThere(root)?.kind !== 'directory')
    throw refuse("it is not a directory; mount the host's / there")
  if (!exists(`${root}/proc/self/exe`))
    throw refuse("it has no /proc; mount the host's / with all that is mounted below it (rbind)")
  if (!changeRoot(root)) throw refuse('chroot was refused; it needs CAP_SYS_CHROOT')
}
