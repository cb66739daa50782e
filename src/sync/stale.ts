import type { Backend, Listed } from '../backend/backend'
import { attachmentsNamed, type ResultCache } from '../cni/result-cache'

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
  backend: Pick<Backend, 'id'>,
  cache: ResultCache,
  { graceSeconds, epochSeconds }: StaleOptions,
): (listed: Listed) => boolean {
  const known = new Set([
    ...cache.attachments.map(({ attachment }) => backend.id(attachment)),
    ...cache.unreadable.flatMap(attachmentsNamed).map((attachment) => backend.id(attachment)),
  ])
  return ({ id, note }) =>
    !known.has(id) && note !== undefined && note.epochSeconds + graceSeconds <= epochSeconds
}

/** Attachments whose every cache entry names a netns that is gone: no DEL will come for them. */
export function goneTest(
  backend: Pick<Backend, 'id'>,
  cache: ResultCache,
  netnsExists: (path: string) => boolean,
): (listed: Listed) => boolean {
  const gone = new Map<string, boolean>()
  for (const { attachment, netns } of cache.attachments) {
    const id = backend.id(attachment)
    const isGone = netns !== undefined && !netnsExists(netns)
    gone.set(id, isGone && gone.get(id) !== false)
  }
  return ({ id }) => gone.get(id) === true
}
