import { bootSeconds } from '#system/clock'
import type { Backend, Listed, Pruned } from '../backend/backend'
import { noCache } from '../cni/cache-places'
import { DEFAULT_CACHE_DIR } from '../cni/paths'
import type { ResultCache } from '../cni/result-cache'
import { judge, type Verdict } from './gone'
import { absentCaches } from './node-cache'

export interface Judged {
  readonly listed: Listed
  readonly verdict: Verdict
}

export interface PruneReport extends Pruned {
  /** Attachments that a result cache has. */
  readonly known: readonly Judged[]
  /** Attachments that no result cache has and that keep their rules. */
  readonly kept: readonly Judged[]
  /** Result caches that were named but do not exist, in one line. */
  readonly absent: readonly string[]
  /** Why the result caches prove nothing, for people. */
  readonly doubt: string | undefined
}

export interface PruneOptions {
  /** Is called after the kernel was read: otherwise an ADD in between would look as if nobody owned it. */
  readonly readCache: () => ResultCache
  readonly graceSeconds: number
  readonly dryRun: boolean
  /** Which attachments are looked at; default: all. */
  readonly isCandidate?: (listed: Listed) => boolean
  /** An operator states that these attachments are gone. This is believed unless something shows that they are not. */
  readonly isToldGone?: boolean
}

/** Removes the attachments that are proven gone, and policies without pods. Reports what it kept, and why. */
export async function pruneGone(backend: Backend, options: PruneOptions): Promise<PruneReport> {
  const { isToldGone = false } = options
  // As in `prune`, a tool that refuses does not keep the other tool's rules from being tidied up.
  const lister = { list: () => backend.list({ mayLackRefused: true }) }
  const { judged, doubt, cache } = await judgeAll(lister, options)
  const stale = new Map<string, Listed[]>()
  for (const { listed, verdict } of judged) {
    // Both backends may have the same attachment.
    if (verdict.is === 'gone' || (isToldGone && isUnproven({ verdict })))
      stale.set(listed.id, [...(stale.get(listed.id) ?? []), listed])
  }
  const isStale = (listed: Listed) => stale.get(listed.id)?.some((one) => isSame(one, listed)) ?? false
  const pruned = await backend.prune(isStale, options)
  const known = judged.filter(({ verdict }) => verdict.is === 'known')
  const kept = judged.filter(
    ({ listed, verdict }) => (verdict.is === 'alive' || verdict.is === 'unknown') && !stale.has(listed.id),
  )
  return {
    ...pruned,
    known,
    kept,
    doubt: isToldGone ? undefined : doubt,
    absent: cache.exists || (!isToldGone && areNamed(cache)) ? absentCaches(cache) : [],
  }
}

/**
 * Whether the directories were named. A node without pods has no cache in the usual directory, but a named one should
 * exist.
 */
function areNamed({ cacheDirs }: ResultCache): boolean {
  return cacheDirs.some((directory) => directory !== DEFAULT_CACHE_DIR)
}

export interface Judgement extends Pick<PruneReport, 'doubt'> {
  readonly judged: readonly Judged[]
  readonly cache: ResultCache
}

/**
 * Judges every attachment that has rules. While a DEL of an attachment is under way, we may see only some of its parts,
 * and then it looks as if nobody had recorded anything about it. So an attachment about which nothing is proven is judged
 * twice.
 */
export async function judgeAll(
  backend: Pick<Backend, 'list'>,
  options: Omit<PruneOptions, 'dryRun'>,
): Promise<Judgement> {
  const first = await judgeOnce(backend, options)
  if (!first.judged.some(isUnproven)) return first
  const second = await judgeOnce(backend, options)
  const unproven = new Set(first.judged.filter(isUnproven).map(({ listed }) => listed.id))
  const judged = second.judged.map((one) =>
    isUnproven(one) && !unproven.has(one.listed.id) ? changing(one) : one,
  )
  return { ...second, judged }
}

/** Its ADD or DEL came while we looked. */
function changing({ listed, verdict }: Judged): Judged {
  return { listed, verdict: { ...verdict, isInFlight: true } }
}

async function judgeOnce(
  backend: Pick<Backend, 'list'>,
  { readCache, graceSeconds, isCandidate = () => true }: Omit<PruneOptions, 'dryRun'>,
): Promise<Judgement> {
  const listed = await backend.list()
  const cache = readCache()
  const verdictOn = judge({ cache, graceSeconds, bootSeconds: bootSeconds() })
  const judged = listed.filter(isCandidate).map((one) => ({ listed: one, verdict: verdictOn(one) }))
  const doubt = doubtOf(cache, judged)
  return { judged: doubt === undefined ? judged : judged.map(withoutCache), doubt, cache }
}

/**
 * Why the caches prove nothing, if they have less than half of the attachments with rules: they belong to another node,
 * or were wiped.
 */
function doubtOf(cache: ResultCache, judged: readonly Judged[]): string | undefined {
  const left = judged.filter(
    ({ verdict }) => !verdict.isInFlight && (verdict.is !== 'gone' || verdict.restsOnCache),
  )
  const known = left.filter(({ verdict }) => verdict.is === 'known')
  if (left.length === 0) return undefined
  if (!cache.exists) return `Cannot tell what is stale: ${noCache(cache.cacheDirs)}; use --cache-dir`
  if (known.length * 2 >= left.length) return undefined
  return `Cannot tell what is stale: the result caches know ${known.length} of ${left.length} attachments that have rules; name the cache of every runtime with --cache-dir`
}

function withoutCache(judged: Judged): Judged {
  if (!judged.verdict.restsOnCache) return judged
  const because = 'the result caches know less than half of the attachments that have rules'
  return { ...judged, verdict: { is: 'unknown', because } }
}

/** Whether nobody can tell if it is gone, so that an operator has to look. */
export function isUnproven({ verdict }: Pick<Judged, 'verdict'>): boolean {
  return verdict.is === 'unknown' && verdict.isInFlight !== true
}

/** Whether it is still the attachment that was judged: an ADD may have written it again since. */
function isSame({ note }: Listed, listed: Listed): boolean {
  return (
    note?.epochSeconds === listed.note?.epochSeconds &&
    note?.bootSeconds === listed.note?.bootSeconds &&
    note?.netns === listed.note?.netns
  )
}
