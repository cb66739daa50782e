import { existsSync } from 'node:fs'
import type { Backend, Wanted } from '../backend/backend'
import type { JsonObject } from '../cni/json'
import { readResultCache } from '../cni/result-cache'
import { wantedBy } from './wanted-attachments'

/**
 * After an ADD that found the table gone: the rules of its network's other pods, by the config that it was called
 * with. Sync does this for all networks; but a node may have none running, and its pods should not wait for it.
 * Returns how many attachments got rules back.
 */
export function restoreNetwork(
  backend: Backend,
  cacheDir: string,
  network: string,
  plugin: JsonObject,
  isLate: () => boolean,
): number {
  const cache = readResultCache(cacheDir, { network, isLate })
  const wanted = cache.attachments.flatMap((cached): Wanted[] => {
    const isGone = cached.netns !== undefined && !existsSync(cached.netns)
    if (isGone || cached.attachment.network !== network) return []
    try {
      return [wantedBy(plugin, cached)]
    } catch {
      return []
    }
  })
  if (wanted.length === 0 || isLate()) return 0
  return backend.replace(wanted, { dryRun: false }).changes.length
}
