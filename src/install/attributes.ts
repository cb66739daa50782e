import { existsSync } from 'node:fs'
import { CniError } from '../cni/error'
import { type Libc, libc, openLibc } from '../libc'
import { fileOfDescriptor, runProgram } from './run-program'
import { rootsOwn } from './trusted-file'

/** ENODATA and ENOTSUP of errno.h. */
const [ENODATA, ENOTSUP] = [61, 95]

/** They vouch for the content, which is another one now; the kernel writes them, or a signer does. */
const OF_THE_CONTENT = ['security.ima', 'security.evm']

/**
 * Gives one open file the extended attributes of another: the SELinux label, access lists, and what users put there. A
 * line for what could not be made sure of. An attribute that the system refuses is an error: a runtime may not be allowed
 * to read a file that has lost its label.
 */
export async function copyAttributes(from: number, to: number, path: string): Promise<string[]> {
  const native = libc()
  return native ? copyNative(native, { from, to, path }) : copyByTool({ from, to, path })
}

interface Copy {
  readonly from: number
  readonly to: number
  readonly path: string
}

function copyNative(native: Libc, { from, to, path }: Copy): string[] {
  const { flistxattr, fgetxattr, fsetxattr } = openLibc({
    flistxattr: { args: ['int', 'ptr', 'usize'], returns: 'int' },
    fgetxattr: { args: ['int', 'ptr', 'ptr', 'usize'], returns: 'int' },
    fsetxattr: { args: ['int', 'ptr', 'ptr', 'usize', 'int'], returns: 'int' },
  })
  // The kernel's limit of both, a list and a value (xattr(7)).
  const buffer = new Uint8Array(65_536)
  const read = (length: number, what: string) => {
    if (length >= 0) return buffer.slice(0, length)
    const errno = native.errno()
    if (errno === ENODATA || errno === ENOTSUP) return undefined
    throw refused(path, what, errno)
  }
  const list = new TextDecoder().decode(read(flistxattr(from, buffer, buffer.length), 'list'))
  for (const name of list.split('\0').filter((one) => one !== '' && !OF_THE_CONTENT.includes(one))) {
    const cName = new TextEncoder().encode(`${name}\0`)
    const value = read(fgetxattr(from, cName, buffer, buffer.length), name)
    const present = read(fgetxattr(to, cName, buffer, buffer.length), name)
    if (!value || (present && Buffer.compare(value, present) === 0)) continue
    // A pointer to something, also for an empty value.
    buffer.set(value)
    if (fsetxattr(to, cName, buffer, value.length, 0) !== 0) throw refused(path, name, native.errno())
  }
  return []
}

function refused(path: string, name: string, errno: number): CniError {
  return new CniError(
    'ioFailure',
    `Cannot keep the extended attribute "${name}" of ${path}: the system refuses it (error ${errno}); add ip-masq to the file by hand, or remove the attribute`,
  )
}

const COPIERS = ['/usr/bin/cp', '/bin/cp']

/** Node cannot call libc. GNU cp can do it; another cp does not know the option, and then nobody can tell. */
async function copyByTool({ from, to, path }: Copy): Promise<string[]> {
  const kinds = existsSync('/sys/fs/selinux/enforce') ? 'mode,xattr,context' : 'mode,xattr'
  for (const program of COPIERS) {
    if (typeof (await rootsOwn(program, 'file')) === 'string') continue
    const { succeeded } = runProgram(program, {
      args: ['--attributes-only', `--preserve=${kinds}`, '--', fileOfDescriptor(from), fileOfDescriptor(to)],
      milliseconds: 5_000,
    })
    if (succeeded) return []
  }
  return [
    `compare the extended attributes of ${path} with those of its backup: the Node form cannot see them here`,
  ]
}
