import type { Config } from '../config/keys'
import type { NamespacePattern } from '../config/namespaces'
import type { Path } from '../config/path'

/** Entries that change nothing. Most often they are typos, or left over from an older list. */
export interface Pointless {
  readonly path: Path
  readonly message: string
}

/** Keys that change nothing beside others in the same config. */
export function pointlessKeys(config: Config): Pointless[] {
  if (!config.ipv4 && !config.ipv6) {
    const message = 'ipv4 and ipv6 are both false, so no pod is masqueraded: remove one of them'
    return [{ path: ['ipv6'], message }]
  }
  return [...ofFamiliesOff(config), ...ofNamespaces(config)]
}

function ofFamiliesOff({ ipv4, ipv6, snatTo, masqLinkLocal, masqLinkLocalIPv6 }: Config): Pointless[] {
  const keys = [
    { path: ['snatTo', 'ipv4'], isGiven: snatTo.ipv4 !== undefined, needs: 'ipv4', isOn: ipv4 },
    { path: ['snatTo', 'ipv6'], isGiven: snatTo.ipv6 !== undefined, needs: 'ipv6', isOn: ipv6 },
    { path: ['masqLinkLocal'], isGiven: masqLinkLocal, needs: 'ipv4', isOn: ipv4 },
    { path: ['masqLinkLocalIPv6'], isGiven: masqLinkLocalIPv6, needs: 'ipv6', isOn: ipv6 },
  ]
  return keys
    .filter(({ isGiven, isOn }) => isGiven && !isOn)
    .map(({ path, needs }) => ({
      path,
      message: `${path.join('.')} has no effect: ${needs} is false; remove one of the two`,
    }))
}

/** Of the two lists of namespaces, the exceptions win. */
function ofNamespaces({ onlyNamespaces, exceptNamespaces }: Config): Pointless[] {
  if (!onlyNamespaces) return []
  const excepted = onlyNamespaces.flatMap((one, i): Pointless[] => {
    const at = exceptNamespaces.findIndex((outer) => isWithin(one, outer))
    const outer = exceptNamespaces[at]
    if (!outer) return []
    const why = `${named('exceptNamespaces', at, outer)} excepts it; remove one of the two`
    return [
      { path: ['onlyNamespaces', i], message: `${named('onlyNamespaces', i, one)} has no effect: ${why}` },
    ]
  })
  const needless = exceptNamespaces.flatMap((one, i): Pointless[] => {
    if (onlyNamespaces.some((other) => isWithin(one, other) || isWithin(other, one))) return []
    const message = `${named('exceptNamespaces', i, one)} has no effect: onlyNamespaces does not have it; remove it`
    return [{ path: ['exceptNamespaces', i], message }]
  })
  return [...excepted, ...needless]
}

/** Whether every namespace that `inner` means is one that `outer` means. */
function isWithin(inner: NamespacePattern, outer: NamespacePattern): boolean {
  return outer.isWildcard ? inner.name.startsWith(outer.name) : !inner.isWildcard && inner.name === outer.name
}

function named(key: string, at: number, { name, isWildcard }: NamespacePattern): string {
  return `${key}[${at}] "${name}${isWildcard ? '*' : ''}"`
}
