import { applyEdits, modify } from 'jsonc-parser'
import { isObject } from '../cni/json'
import { type Masquerading, valueAt } from '../primary/masquerade-switch'
import { isConflist, masqueradingIn, notMasqueradingIn, ownPluginsIn, removePlugin } from './edit-conflist'

/** A primary plugin's own masquerade that was on before install, and is off now. */
export interface SwitchedOff extends Masquerading {
  /** Nothing else of the plugin has changed since, so that switching it on again undoes what install did, and no more. */
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
 * Plugins that do not masquerade now, where the backup does not show whether they did before install: it is no conflist
 * (lost, or cut short), or it has ip-masq in it and is of a later time.
 */
export function perhapsSwitchedOff(before: string | undefined, now: string): Masquerading[] {
  const isOfBefore = before !== undefined && ownPluginsIn(before) === 0
  if (isOfBefore) return []
  const known = before === undefined ? [] : switchedOff(before, now)
  return notMasqueradingIn(now).filter(({ at }) => !known.some((one) => one.at === at))
}

/**
 * Whether a masquerade is off in `now` that this backup shows to have been on, or about which it leaves a doubt. A backup
 * of `now` in its place would show that it was off from the start.
 */
export function isStillNeeded(backup: string, now: string): boolean {
  const before = isConflist(backup) ? backup : undefined
  return (
    perhapsSwitchedOff(before, now).length > 0 ||
    (before !== undefined && switchedOff(before, now).length > 0)
  )
}

/**
 * The conflist without ip-masq, and with the masquerade that install switched off. Where that makes it what it was, it is
 * the backup, to the byte.
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

/** The key as it was: with its value, or absent. An object that was not there, and is empty without it, goes too. */
function withOldValue(text: string, { at, path }: Masquerading, old: unknown): string {
  const set = (rest: string, keys: readonly string[], value: unknown) =>
    applyEdits(rest, modify(rest, ['plugins', at, ...keys], value, {}))
  const restored = set(text, path, valueAt(old, path))
  const outer = path.slice(0, -1)
  const isEmpty = outer.length > 0 && isSame(valueAt(pluginsOf(restored)[at], outer), {})
  return isEmpty && valueAt(old, outer) === undefined ? set(restored, outer, undefined) : restored
}

/** Where the plugin at `at` is in another list: the same of its type, by count. */
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

/** In any order of keys. */
function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(inOrder(one)) === JSON.stringify(inOrder(other))
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (!isObject(value)) return value
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, inOrder(inner)]))
}
