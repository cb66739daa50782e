import { AttributeError, type FileAttributes } from '../attributes'
import { libc, MOST_BYTES } from './libc'

/** ENODATA and ENOTSUP of errno.h. */
const [ENODATA, ENOTSUP] = [61, 95]

export function fileAttributes(): FileAttributes | undefined {
  return {
    names(descriptor) {
      const list = ifThere(libc.flistxattr(descriptor, MOST_BYTES))
      return list ? libc.decode(list).split('\0').slice(0, -1) : []
    },
    get: (descriptor, name) => ifThere(libc.fgetxattr(descriptor, name, MOST_BYTES)),
    set(descriptor, name, value) {
      const returned = libc.fsetxattr(descriptor, name, value, 0)
      if (returned < 0) throw new AttributeError(-returned)
    },
  }
}

function ifThere(returned: Uint8Array | number): Uint8Array | undefined {
  if (typeof returned !== 'number') return returned
  if (returned === -ENODATA || returned === -ENOTSUP) return undefined
  throw new AttributeError(-returned)
}
