import { applyEdits, modify } from 'jsonc-parser'
import { isObject } from '../cni/json'
import { type Masquerading, valueAt } from '../primary/masquerade-switch'
import { isConflist, masqueradingIn, notMasqueradingIn, ownPluginsIn, removePlugin } from './edit-conflist'

/** A primary plugin's own masquerade that was on before install and is off now. */
export interface SwitchedOff extends Masquerading {
  /** Nothing else in the plugin has changed since. So switching it on undoes exactly what install did. */
  readonly isRestorable: boolean
}

/** `before` is the backup that install left, `now` the conflist; both as byte texts. */
export function switchedOff(before: string, now: string): SwitchedOff[] {
  const [old, current] = [pluginsOf(before), pluginsOf(now)]
  return masqueradingIn(before).flatMap((masquerading) => {
    const at = counterpart(old, current, masquerading.at)
    const plugin = current[at]
    if (!isObject(plugin) || valueAt(plugin, masquerading.path) !== false) return []
    const restored = pluginsOf(withOldValue(now, { ...masquerading, at }, old[masquerading.at]))[at]
    return [{ ...masquerading, at, isRestorable: isSame(restored, old[masquerading.at]) }]
  })
}

/**
 * Plugins that do not masquerade now, where the backup does not show whether they did before install. Such a backup is no
 * conflist (lost, or cut short), or it already has ip-masq in it because it was made later.
 */
export function perhapsSwitchedOff(before: string | undefined, now: string): Masquerading[] {
  const isOfBefore = before !== undefined && ownPluginsIn(before) === 0
  if (isOfBefore) return []
  const known = before === undefined ? [] : switchedOff(before, now)
  return notMasqueradingIn(now).filter(({ at }) => !known.some((one) => one.at === at))
}

/**
 * Whether the backup shows that a masquerade that is off in `now` was on, or leaves that in doubt. If a backup of `now`
 * took its place, that backup would show the masquerade as off from the start.
 */
export function isStillNeeded(backup: string, now: string): boolean {
  const before = isConflist(backup) ? backup : undefined
  return (
    perhapsSwitchedOff(before, now).length > 0 ||
    (before !== undefined && switchedOff(before, now).length > 0)
  )
}

/**
 * The conflist without ip-masq, and with the masquerade that install had switched off. If that equals the text before
 * install, the backup is returned, byte by byte.
 */
export function restoreMasquerade(before: string, now: string): string {
  const without = removePlugin(now)
  const old = pluginsOf(before)
  const restored = switchedOff(before, without)
    .filter(({ isRestorable }) => isRestorable)
    .reduce(
      (text, off) => withOldValue(text, off, old[counterpart(pluginsOf(without), old, off.at)]),
      without,
    )
  return isSame(JSON.parse(restored), JSON.parse(before)) ? before : restored
}

/**
 * Restores a key to its old state: with its old value, or absent. An object that was not there before, and is empty
 * without the key, is removed too.
 */
function withOldValue(text: string, { at, path }: Masquerading, old: unknown): string {
  const set = (rest: string, keys: readonly string[], value: unknown) =>
    applyEdits(rest, modify(rest, ['plugins', at, ...keys], value, {}))
  const restored = set(text, path, valueAt(old, path))
  const outer = path.slice(0, -1)
  const isEmpty = outer.length > 0 && isSame(valueAt(pluginsOf(restored)[at], outer), {})
  return isEmpty && valueAt(old, outer) === undefined ? set(restored, outer, undefined) : restored
}

/** The index of the plugin `at` in another list, counted among the plugins of its type. */
function counterpart(from: readonly unknown[], to: readonly unknown[], at: number): number {
  const type = typeOf(from[at])
  const nth = from.slice(0, at).filter((plugin) => typeOf(plugin) === type).length
  return to.flatMap((plugin, i) => (typeOf(plugin) === type ? [i] : []))[nth] ?? -1
}

function typeOf(plugin: unknown): unknown {
  return isObject(plugin) ? plugin.type : undefined
}

function pluginsOf(text: string): readonly unknown[] {
  const conflist: unknown = JSON.parse(text)
  return isObject(conflist) && Array.isArray(conflist.plugins) ? conflist.plugins : []
}

/** Whether two values are equal, in any order of keys. */
function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(inOrder(one)) === JSON.stringify(inOrder(other))
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (!isObject(value)) return value
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, inOrder(inner)]))
}
