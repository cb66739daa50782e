import { encode } from '../node/text'
import { openLibc } from './libc'

export function canChangeRoot(): boolean {
  return true
}

/** chroot(2) is for all threads of the process. */
export function changeRoot(path: string): boolean {
  const { chroot, chdir } = openLibc({
    chroot: { args: ['cstring'], returns: 'int' },
    chdir: { args: ['cstring'], returns: 'int' },
  })
  return chroot(encode(`${path}\0`)) === 0 && chdir(encode('/\0')) === 0
}
