import { applyEdits, findNodeAtLocation, modify, type Node, parseTree } from 'jsonc-parser'
import { isObject, type JsonObject } from '../cni/json'
import { type Masquerading, masqueradingOf, notMasqueradingOf } from '../primary/masquerade-switch'
import { inByteText, isEditable } from './read-file'

/**
 * Edits a conflist's text. Keys that we do not know, their order, the indentation and the version stay as they are
 * written. Each function gets a text that JSON.parse has accepted, and returns the same text if there is nothing to do.
 * The texts have one character per byte (`read-file.ts`).
 */

const OURS = 'ip-masq'

/** The plugin without a key of its own. */
export const BARE: JsonObject = { type: OURS }

export function addPlugin(text: string, wanted: JsonObject): string {
  const plugin = inByteText(wanted)
  const plugins = pluginsIn(text)
  const own = indicesOfOwn(plugins)
  if (own.length > 1) throw new Error(`it has ip-masq ${own.length} times: keep one of them`)
  const at = own[0] ?? plugins.length - 1
  const node = nodeAt(text, at)
  // The new plugin is placed like the one that is there: on a line of its own, or after the one before.
  const [, gap = ''] = /[[,](\s*)$/.exec(text.slice(0, node.offset)) ?? []
  const written = render(plugin, gap, text)
  if (own.length === 0) {
    return verified(splice(text, node.offset + node.length, `,${gap}${written}`), [...plugins, plugin])
  }
  if (isSame(plugins[at], plugin)) return text
  return verified(
    splice(text, node.offset, written, node.length),
    plugins.map((one, i) => (i === at ? plugin : one)),
  )
}

/** Checks an edit: a key that is written twice is found at one place, but counts at another. */
function verified(text: string, plugins: readonly unknown[]): string {
  if (isSame(pluginsIn(text), plugins)) return text
  throw new Error('it has a key twice: keep one of the two')
}

/** Renders a plugin, indented like the line that it begins on; on one line if its neighbours are. */
function render(plugin: JsonObject, gap: string, text: string): string {
  if (!gap.includes('\n')) return JSON.stringify(plugin)
  const [indentation, unit] = [gap.slice(gap.lastIndexOf('\n') + 1), unitOf(text)]
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  return JSON.stringify(plugin, null, unit).replaceAll('\n', `${eol}${indentation}`)
}

/** The indentation of the file: that of its first indented line. */
function unitOf(text: string): string {
  return /\n([ \t]+)\S/.exec(text)?.[1] ?? '  '
}

function splice(text: string, at: number, written: string, length = 0): string {
  return text.slice(0, at) + written + text.slice(at + length)
}

function nodeAt(text: string, index: number): Node {
  const root = parseTree(text)
  const node = root && findNodeAtLocation(root, ['plugins', index])
  if (!node) throw new Error('a plugin was parsed, but not found in the text')
  return node
}

export function removePlugin(text: string): string {
  return indicesOfOwn(pluginsIn(text))
    .reverse()
    .reduce((rest, at) => cut(rest, at), text)
}

/** Removes the plugin, with the comma and the white space between it and its neighbour. */
function cut(text: string, at: number): string {
  const count = pluginsIn(text).length
  const own = nodeAt(text, at)
  const previous = at > 0 ? nodeAt(text, at - 1) : undefined
  const next = at + 1 < count ? nodeAt(text, at + 1) : undefined
  const start = previous ? previous.offset + previous.length : own.offset
  const end = previous || !next ? own.offset + own.length : next.offset
  return splice(text, start, '', end - start)
}

/** The text with the primary plugins' own masquerade off. */
export function switchOffMasquerade(text: string): string {
  return masqueradingIn(text).reduce(
    (rest, { at, path }) => applyEdits(rest, modify(rest, ['plugins', at, ...path], false, {})),
    text,
  )
}

/** The text with this version, which becomes the first key if there was none. */
export function setVersion(text: string, version: string): string {
  return applyEdits(text, modify(text, ['cniVersion'], version, { getInsertionIndex: () => 0 }))
}

/** Plugins that masquerade in addition to us, as far as the conflist shows. */
export function masqueradingIn(text: string): Masquerading[] {
  return masqueradingOf(pluginsIn(text))
}

/** Plugins whose config switches the masquerade off. Install writes exactly this where it switches one off. */
export function notMasqueradingIn(text: string): Masquerading[] {
  return notMasqueradingOf(pluginsIn(text))
}

/** Whether a runtime could load the text as a list and we can edit it. */
export function isConflist(text: string): boolean {
  try {
    return pluginsIn(text).length > 0 && isEditable(text)
  } catch {
    return false
  }
}

function pluginsIn(text: string): readonly unknown[] {
  const conflist: unknown = JSON.parse(text)
  if (isObject(conflist) && Array.isArray(conflist.plugins) && conflist.plugins.length > 0)
    return conflist.plugins
  throw new Error('it has no list "plugins": a plain .conf holds one plugin; write a .conflist')
}

/** How many plugins of the text are ip-masq. */
export function ownPluginsIn(text: string): number {
  const conflist: unknown = JSON.parse(text)
  return isObject(conflist) && Array.isArray(conflist.plugins) ? indicesOfOwn(conflist.plugins).length : 0
}

function indicesOfOwn(plugins: readonly unknown[]): number[] {
  return plugins.flatMap((plugin, i) => (isObject(plugin) && plugin.type === OURS ? [i] : []))
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
