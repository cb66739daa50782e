import { isObject } from '../cni/json'

/** The plugins that give addresses and can masquerade. flannel passes its `delegate` on to bridge. */
const PRIMARY: Readonly<Record<string, readonly string[]>> = {
  bridge: ['ipMasq'],
  ptp: ['ipMasq'],
  flannel: ['delegate', 'ipMasq'],
}

/** Whether plugins of this type can masquerade by themselves. */
export function canMasquerade(type: unknown): boolean {
  return Object.hasOwn(PRIMARY, String(type))
}

/** A plugin of a list that can masquerade by itself, and the key in its config that switches that. */
export interface Masquerading {
  readonly at: number
  readonly type: string
  readonly path: readonly string[]
}

/** The plugins of a list that masquerade as the reference plugins do. flannel's does unless its config says otherwise. */
export function masqueradingOf(plugins: readonly unknown[]): Masquerading[] {
  return switchesOf(plugins).flatMap(({ value, ...one }) => {
    const isOff = one.type === 'flannel' ? value === false : value !== true
    return isOff ? [] : [one]
  })
}

/** The plugins of a list whose config switches the masquerade off. */
export function notMasqueradingOf(plugins: readonly unknown[]): Masquerading[] {
  return switchesOf(plugins).flatMap(({ value, ...one }) => (value === false ? [one] : []))
}

/** Whether the list has a primary plugin that could masquerade, and all of them have that switched off. */
export function isPrimaryMasqueradeOff(plugins: readonly unknown[]): boolean {
  return switchesOf(plugins).length > 0 && masqueradingOf(plugins).length === 0
}

/** All plugins that have a switch, and the value of each. */
function switchesOf(plugins: readonly unknown[]): (Masquerading & { readonly value: unknown })[] {
  return plugins.flatMap((plugin, at) => {
    const type = isObject(plugin) ? String(plugin.type) : ''
    const path = Object.hasOwn(PRIMARY, type) ? PRIMARY[type] : undefined
    return path ? [{ at, type, path, value: valueAt(plugin, path) }] : []
  })
}

export function valueAt(plugin: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), plugin)
}
