import { noCache } from '../cni/cache-places'
import { DEFAULT_CACHE_DIR } from '../cni/paths'
import { type CacheSelection, type ResultCache, readResultCache } from '../cni/result-cache'
import { type NetnsTest, netnsTest } from './netns'

/** Reads the result caches of a node. Entries whose network namespace is gone are returned by name only. */
export function readNodeCache(
  cacheDirs: readonly string[],
  selection: Omit<CacheSelection, 'isGone'> = {},
  isNetnsGone: NetnsTest = netnsTest(),
): ResultCache {
  return readResultCache(cacheDirs, { ...selection, isGone: isNetnsGone })
}

/** One line about directories that were named but do not exist. A node without any cache may have no pods. */
export function absentCaches({ exists, absent, cacheDirs }: ResultCache): string[] {
  const isNamed = cacheDirs.some((directory) => directory !== DEFAULT_CACHE_DIR)
  if (!exists) return [`${noCache(cacheDirs)}; ${isNamed ? 'check' : 'use'} --cache-dir`]
  return absent.length > 0 ? [`${noCache(absent)}; check --cache-dir`] : []
}
