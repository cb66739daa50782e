import { libc } from './libc'

export function canChangeRoot(): boolean {
  return true
}

export function changeRoot(path: string): boolean {
  return libc.chroot(path) === 0 && libc.chdir('/') === 0
}
