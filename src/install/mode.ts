import { CniError } from '../cni/error'
import { ownPluginsIn } from './edit-conflist'
import { honourDropIns, type Runtime } from './runtimes'
import type { Target } from './target'

export const MODES = ['auto', 'drop-in', 'patch'] as const

export type Mode = (typeof MODES)[number]

interface Circumstances {
  readonly mode: Mode
  /** The network's drop-ins that are ours. */
  readonly dropIns: readonly string[]
  readonly runtimes: readonly Runtime[]
}

/**
 * Decides how ip-masq joins a network. `auto` writes a drop-in only where the running runtime is known to read it: other
 * runtimes ignore it, and pods would start without masquerading.
 */
export function decideMode(
  { name, path, text, conflist }: Target,
  { mode, dropIns, runtimes }: Circumstances,
): 'drop-in' | 'patch' {
  const isInline = ownPluginsIn(text) > 0
  const isInlineOnly = conflist.loadOnlyInlinedPlugins === true
  const [place] = mode === 'patch' ? dropIns : isInline ? [path] : []
  const refuse = (why: string) =>
    new CniError('invalidConfig', `Cannot install into network ${name} with --mode ${mode}: ${why}`)
  if (mode !== 'auto' && place !== undefined) {
    throw refuse(`ip-masq is in ${place} already; leave out --mode, or run ip-masq uninstall first`)
  }
  if (mode === 'drop-in') {
    if (isInlineOnly) throw refuse(`${path} sets loadOnlyInlinedPlugins; use --mode patch`)
    if (runtimes.some((one) => one.name === 'CRI-O')) {
      throw refuse('CRI-O runs here, and calls a drop-in on ADD but never on DEL or CHECK; use --mode patch')
    }
  }
  if (mode !== 'auto') return mode
  if (isInline || isInlineOnly) return 'patch'
  return dropIns.length > 0 || honourDropIns(runtimes) ? 'drop-in' : 'patch'
}
