import type { Listed } from '../backend/backend'
import { attachmentId } from '../backend/identity'
import { CniError } from '../cni/error'
import { attachmentsNamed, type ResultCache, readResultCache } from '../cni/result-cache'

export interface StaleOptions {
  readonly graceSeconds: number
  readonly epochSeconds: number
}

/**
 * Which attachments in the kernel no runtime knows any more. An ADD in flight is not in the cache yet, so only what was
 * written longer than `graceSeconds` ago counts; what says no time (somebody else wrote it) never does. An unreadable
 * file keeps every attachment that it may stand for.
 */
export function staleTest(
  cache: ResultCache,
  { graceSeconds, epochSeconds }: StaleOptions,
): (listed: Listed) => boolean {
  const known = new Set([
    ...cache.attachments.map(({ attachment }) => attachmentId(attachment)),
    ...cache.unreadable.flatMap(attachmentsNamed).map(attachmentId),
  ])
  return ({ id, note }) =>
    !known.has(id) && note !== undefined && note.epochSeconds + graceSeconds <= epochSeconds
}

const NEVER = Number.NEGATIVE_INFINITY

/**
 * Attachments whose every cache entry names a netns that is gone: no DEL will come for them. An owner that is younger
 * than its entries is of an ADD that is still under way, with a containerID that was used before.
 */
export function goneTest(
  cache: ResultCache,
  isGone: (netns: string) => boolean,
): (listed: Listed) => boolean {
  const gone = new Map<string, number>()
  for (const { attachment, netns, modified } of cache.attachments) {
    const id = attachmentId(attachment)
    const isEntryGone = netns !== undefined && isGone(netns)
    const others = gone.get(id) ?? modified
    gone.set(id, isEntryGone && others !== NEVER ? Math.max(others, modified) : NEVER)
  }
  return ({ id, note }) => note !== undefined && note.epochSeconds * 1000 <= (gone.get(id) ?? NEVER)
}

/** An empty cache is a fact; one that is not there is more likely a wrong path, and would cost every pod its rules. */
export function requireCache(cacheDir: string): ResultCache {
  const cache = readResultCache(cacheDir)
  if (cache.exists) return cache
  throw new CniError(
    'ioFailure',
    `Cannot tell what is stale: there is no result cache ${cacheDir}/results; use --cache-dir`,
  )
}
