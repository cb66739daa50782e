import { isObject } from '../cni/json'
import type { Path } from './path'
import { memberOf } from './windows-policies'

/** The places of a Windows policy's values, in the order in which `windowsPolicy` joins them. */
export interface WindowsPaths {
  readonly exceptions: readonly Path[]
  readonly destinations: readonly Path[]
  readonly virtualIPs: readonly Path[]
}

/** `entry` is the policy as it is written; the paths begin with `at`. */
export function windowsPaths(entry: unknown, at: Path): WindowsPaths {
  const places = placesIn(entry, at)
  return {
    exceptions: places.flatMap((place) => [
      ...itemsAt(place, 'ExceptionList'),
      ...itemsAt(place, 'Exceptions'),
    ]),
    destinations: places.flatMap((place) => itemsAt(place, 'Destinations')),
    virtualIPs: places.flatMap((place) => [...valueAt(place, 'VIP'), ...valueAt(place, 'VirtualIP')]),
  }
}

interface Place {
  readonly value: Readonly<Record<string, unknown>>
  readonly path: Path
}

/** The policy's value and the Settings in it. An element of win-bridge's HcnPolicyArgs is the value itself. */
function placesIn(entry: unknown, at: Path): Place[] {
  if (!isObject(entry)) return []
  const [nameKey, valueKey] = [memberOf(entry, 'name'), memberOf(entry, 'value')]
  const isBare = entry[nameKey] === undefined && entry[valueKey] === undefined
  const [value, path] = isBare ? [entry, at] : [entry[valueKey], [...at, valueKey]]
  if (!isObject(value)) return []
  const own = { value, path }
  return isObject(value.Settings) ? [own, { value: value.Settings, path: [...path, 'Settings'] }] : [own]
}

function itemsAt({ value, path }: Place, key: string): Path[] {
  const list = value[key]
  return Array.isArray(list) ? list.map((_, i) => [...path, key, i]) : []
}

function valueAt({ value, path }: Place, key: string): Path[] {
  return value[key] === undefined ? [] : [[...path, key]]
}
