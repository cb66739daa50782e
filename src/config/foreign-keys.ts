/** Keys of the spec, of libcni and of editors. They are not ours to check. */
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
