/** Keys of the spec and of libcni, and an editor's; theirs to check, not ours. */
export const FOREIGN_KEYS: readonly string[] = [
  'cniVersion',
  'name',
  'type',
  'prevResult',
  'runtimeConfig',
  'capabilities',
  'args',
  'ipam',
  'dns',
  '$schema',
]

const FOREIGN_PREFIX = 'cni.dev/'

export function isForeignKey(key: string): boolean {
  return FOREIGN_KEYS.includes(key) || key.startsWith(FOREIGN_PREFIX)
}
