import { AttributeError, type FileAttributes } from '../attributes'
import { decode, encode } from '../node/text'
import { libc, openLibc } from './libc'

/** ENODATA and ENOTSUP of errno.h. */
const [ENODATA, ENOTSUP] = [61, 95]

export function fileAttributes(): FileAttributes | undefined {
  const native = libc()
  if (!native) return undefined
  const { flistxattr, fgetxattr, fsetxattr } = openLibc({
    flistxattr: { args: ['int', 'ptr', 'usize'], returns: 'int' },
    fgetxattr: { args: ['int', 'ptr', 'ptr', 'usize'], returns: 'int' },
    fsetxattr: { args: ['int', 'ptr', 'ptr', 'usize', 'int'], returns: 'int' },
  })
  // The kernel's limit of both, a list and a value (xattr(7)).
  const buffer = new Uint8Array(65_536)
  const read = (length: number) => {
    if (length >= 0) return buffer.slice(0, length)
    const errno = native.errno()
    if (errno === ENODATA || errno === ENOTSUP) return undefined
    throw new AttributeError(errno)
  }
  return {
    names(descriptor) {
      const list = read(flistxattr(descriptor, buffer, buffer.length))
      return list ? decode(list).split('\0').slice(0, -1) : []
    },
    get: (descriptor, name) => read(fgetxattr(descriptor, encode(`${name}\0`), buffer, buffer.length)),
    set(descriptor, name, value) {
      // A pointer to something, also for an empty value.
      buffer.set(value)
      if (fsetxattr(descriptor, encode(`${name}\0`), buffer, value.length, 0) !== 0)
        throw new AttributeError(native.errno())
    },
  }
}
