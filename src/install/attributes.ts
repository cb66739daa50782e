import { fileAttributes } from '#system/attributes'
import { CniError } from '../cni/error'
import { exists } from '../system/absent'
import { AttributeError, type FileAttributes } from '../system/attributes'
import { fileOfDescriptor, runProgram } from './run-program'
import { rootsOwn } from './trusted-file'

/** These attributes vouch for the content, which is different now. The kernel writes them, or a signer does. */
const OF_THE_CONTENT = ['security.ima', 'security.evm']

/**
 * Gives one open file the extended attributes of another: the SELinux label, access lists, and what users put there.
 * Returns a line for what could not be verified. An attribute that the system refuses is an error: a runtime may not be
 * allowed to read a file that has lost its label.
 */
export function copyAttributes(from: number, to: number, path: string): string[] {
  const attributes = fileAttributes()
  return attributes ? copyEach(attributes, { from, to, path }) : copyByTool({ from, to, path })
}

interface Copy {
  readonly from: number
  readonly to: number
  readonly path: string
}

function copyEach(attributes: FileAttributes, { from, to, path }: Copy): string[] {
  const names = naming('list', path, () => attributes.names(from))
  for (const name of names.filter((one) => one !== '' && !OF_THE_CONTENT.includes(one))) {
    naming(name, path, () => {
      const value = attributes.get(from, name)
      if (value && !isSame(value, attributes.get(to, name))) attributes.set(to, name, value)
    })
  }
  return []
}

function isSame(one: Uint8Array, other: Uint8Array | undefined): boolean {
  return one.length === other?.length && one.every((byte, i) => byte === other[i])
}

/** Adds the attribute's name to an error of the system. */
function naming<T>(name: string, path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof AttributeError ? refused(path, name, error.errno) : error
  }
}

function refused(path: string, name: string, errno: number): CniError {
  return new CniError(
    'ioFailure',
    `Cannot keep the extended attribute "${name}" of ${path}: the system refuses it (error ${errno}); add ip-masq to the file by hand, or remove the attribute`,
  )
}

const COPIERS = ['/usr/bin/cp', '/bin/cp']

/**
 * Copies attributes where the runtime cannot see them. GNU cp can do it; another cp does not know the option, and then
 * nobody can tell.
 */
function copyByTool({ from, to, path }: Copy): string[] {
  const kinds = exists('/sys/fs/selinux/enforce') ? 'mode,xattr,context' : 'mode,xattr'
  for (const program of COPIERS) {
    if (typeof rootsOwn(program, 'file') === 'string') continue
    const { succeeded } = runProgram(program, {
      args: ['--attributes-only', `--preserve=${kinds}`, '--', fileOfDescriptor(from), fileOfDescriptor(to)],
      milliseconds: 5_000,
    })
    if (succeeded) return []
  }
  return [
    `compare the extended attributes of ${path} with those of its backup: ip-masq.js for Node.js cannot read them on this node`,
  ]
}
