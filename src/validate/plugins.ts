import { isObject, type JsonObject } from '../cni/json'
import { neighbourIn } from '../install/neighbours'
import { type InterfaceAddress, parseAddressWithLength } from '../policy/prefix'
import { canMasquerade } from '../primary/masquerade-switch'
import type { Part } from './judgement'

/** A plugin of a network, and where it is written: in the conflist, or in a drop-in. */
export interface PlacedPlugin {
  readonly plugin: JsonObject
  readonly part: Part
}

export function isOurs({ plugin }: PlacedPlugin): boolean {
  return plugin.type === 'ip-masq'
}

/** Reference plugins that give addresses, and have no masquerade of their own. */
const OTHER_PRIMARY = ['macvlan', 'ipvlan', 'vlan', 'host-device', 'dummy', 'tap', 'sriov']

/** Whether the plugin gives the pod its address, judging by its name and config. */
export function isPrimary({ plugin }: PlacedPlugin): boolean {
  const { type, ipam, delegate } = plugin
  if (isObject(ipam) || isObject(delegate)) return true
  return canMasquerade(type) || OTHER_PRIMARY.includes(String(type)) || neighbourIn(plugin) !== undefined
}

/** Addresses that host-local or static may give to pods. None if the conflist does not say. */
export function addressesGiven(plugins: readonly PlacedPlugin[]): InterfaceAddress[] {
  return plugins
    .flatMap(({ plugin: { ipam } }) => subnetsOf(ipam))
    .flatMap((subnet) => {
      try {
        return [parseAddressWithLength(String(subnet))]
      } catch {
        // The IPAM plugin judges this.
        return []
      }
    })
}

function subnetsOf(ipam: unknown): unknown[] {
  if (!isObject(ipam)) return []
  const { type, subnet, ranges, addresses } = ipam
  const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
  const of = (value: unknown, key: string) =>
    isObject(value) && value[key] !== undefined ? [value[key]] : []
  if (type === 'host-local')
    return [
      ...(subnet === undefined ? [] : [subnet]),
      ...list(ranges).flatMap((set) => list(set).flatMap((range) => of(range, 'subnet'))),
    ]
  return type === 'static' ? list(addresses).flatMap((one) => of(one, 'address')) : []
}
