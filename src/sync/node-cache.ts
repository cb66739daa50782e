import { type CacheSelection, noCache, type ResultCache, readResultCache } from '../cni/result-cache'
import { type NetnsTest, netnsTest } from './netns'

/** The result caches as a node has them: of an entry whose network namespace is gone, no more than its name. */
export function readNodeCache(
  cacheDirs: readonly string[],
  selection: Omit<CacheSelection, 'isGone'> = {},
  isNetnsGone: NetnsTest = netnsTest(),
): ResultCache {
  return readResultCache(cacheDirs, { ...selection, isGone: isNetnsGone })
}

/** What was named and is not there, in a line; a node without any may be one without pods. */
export function absentCaches({ exists, absent, cacheDirs }: ResultCache): string[] {
  if (!exists) return [`${noCache(cacheDirs)}; use --cache-dir`]
  return absent.length > 0 ? [`${noCache(absent)}; check --cache-dir`] : []
}
