import type { Backend, Replacement, Wanted } from '../backend/backend'
import { attachmentId } from '../backend/identity'
import type { Attachment } from '../cni/attachment'
import type { CachePlace } from '../cni/cache-places'
import { readNetworks } from '../cni/conflists'
import { CniError, toCniError } from '../cni/error'
import type { CachedName } from '../cni/result-cache'
import { formatPrefix } from '../policy/prefix'
import { describeRule, type TakenOver } from '../primary/take-over'
import { isAbsent } from '../system/absent'
import { once } from '../system/once'
import { absentCaches, readNodeCache } from './node-cache'
import { undoEnded } from './overtaken'
import { type PrimaryOptions, type Replaced, takeOverPrimary } from './primary'
import { type PruneReport, pruneGone } from './prune'
import { type WantedAttachments, wantedAttachments } from './wanted-attachments'

export interface SyncOptions extends PrimaryOptions {
  readonly dryRun: boolean
  /** Removes what is proven gone. An ADD that wrote rules fewer seconds ago than this may be under way. Undefined: no removal. */
  readonly pruneAfterSeconds: number | undefined
}

export interface OwnList {
  readonly attachment: Attachment
  readonly nonMasqueradeCIDRs: readonly string[]
}

export interface SyncReport extends Replacement {
  /** How many attachments should have rules. */
  readonly found: number
  /** The rules that they should have. */
  readonly wanted: readonly Wanted[]
  /** Attachments whose policy comes from a list of the pod's own, whether or not anything changed for them. */
  readonly ownLists: readonly OwnList[]
  /** The result caches that were read. */
  readonly places: readonly CachePlace[]
  /** There is no cache, so nobody knows which attachments should have rules. */
  readonly isCacheMissing: boolean
  /** One of the directories that were named has no cache. */
  readonly isCacheAbsent: boolean
  /** Paths and globs of files that the conflists name. */
  readonly files: readonly string[]
  readonly pruned: PruneReport
  readonly primary: TakenOver
  /** Something could not be looked at or understood: a pod may lack what it should have. */
  readonly isUncertain: boolean
  readonly warnings: readonly string[]
  /** Reasons why the kernel does not match now. */
  readonly errors: readonly string[]
}

/** How often to read again after a write was refused because something changed after the read. */
const ATTEMPTS = 3

const NOTHING_PRUNED: PruneReport = {
  removed: [],
  policies: [],
  failures: [],
  known: [],
  kept: [],
  absent: [],
  doubt: undefined,
}

export async function sync(backend: Backend, options: SyncOptions): Promise<SyncReport> {
  const { found, replacement, failures } = await replaceStanding(backend, options)
  const pruned = options.pruneAfterSeconds === undefined ? NOTHING_PRUNED : await prune(backend, options)
  // Addresses that dead attachments held are free now.
  const isFreed = replacement.held.length > 0 && pruned.removed.length > 0 && !options.dryRun
  const second = isFreed ? await replaceStanding(backend, options) : undefined
  const primary = await takeOverPrimary(options, second ?? { found, replacement, failures })
  return {
    ...replacement,
    ...(second && {
      changes: [...replacement.changes, ...second.replacement.changes],
      held: second.replacement.held,
      unrepaired: second.replacement.unrepaired,
    }),
    found: found.wanted.length,
    wanted: found.wanted,
    ownLists: found.wanted.flatMap(({ attachment, podList }) =>
      podList ? [{ attachment, nonMasqueradeCIDRs: podList.map(formatPrefix) }] : [],
    ),
    places: found.places,
    isCacheMissing: found.isCacheMissing,
    isCacheAbsent: found.isCacheAbsent,
    files: found.files,
    pruned,
    primary,
    isUncertain: found.isUncertain || (replacement.unseen ?? []).length > 0,
    warnings: [
      ...found.warnings,
      ...(replacement.unseen ?? []),
      ...primary.problems,
      ...primary.kept.map(({ rule, why }) => `kept ${describeRule(rule)}: ${why}`),
    ],
    errors: [
      ...found.errors,
      ...(second?.replacement ?? replacement).unrepaired,
      ...failures,
      ...(second?.failures ?? []),
      ...pruned.failures,
      ...primary.failures,
    ],
  }
}

/** Replaces the rules. Removes the rules of attachments whose DEL came meanwhile, according to the kernel or the cache. */
async function replaceStanding(backend: Backend, options: SyncOptions): Promise<Outcome> {
  const outcome = await replaceAll(backend, options)
  const { changes } = outcome.replacement
  if (options.dryRun || !changes.some(({ what }) => what === 'restored')) return outcome
  const hasEnded = (id: string) => outcome.found.pathsOf().get(id)?.every(isAbsent) ?? false
  const standing = await undoEnded(backend, changes, hasEnded)
  return { ...outcome, replacement: { ...outcome.replacement, changes: standing } }
}

interface Found extends WantedAttachments {
  readonly isCacheMissing: boolean
  readonly isCacheAbsent: boolean
  readonly places: readonly CachePlace[]
  /** The cache files of each attachment, by its ID. */
  readonly pathsOf: () => ReadonlyMap<string, readonly string[]>
}

type CacheFile = Pick<CachedName, 'attachment' | 'path'>

interface Outcome extends Replaced {
  readonly found: Found
}

/** Replaces all together. If that is refused repeatedly on a busy node, it replaces each attachment by itself. */
async function replaceAll(backend: Backend, options: SyncOptions): Promise<Outcome> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const found = await findWanted(options)
    try {
      return { found, replacement: await backend.replace(found.wanted, options), failures: [] }
    } catch (error) {
      if (options.dryRun || !isRefusal(error)) throw error
    }
  }
  return replaceOneByOne(backend, options)
}

async function findWanted({ cacheDirs, confDir }: SyncOptions): Promise<Found> {
  const cache = readNodeCache(cacheDirs)
  const networks = readNetworks(confDir)
  // Whole entries are not kept, because nobody needs them once it is known what is wanted.
  const files = cache.attachments.map(({ attachment, path }): CacheFile => ({ attachment, path }))
  const { warnings, ...found } = await wantedAttachments(cache, networks, confDir)
  const missing = networks.exists
    ? []
    : [
        `there is no directory ${confDir}, so sync used the conflists of the ADDs; name the right directory with --conf-dir or --profile`,
      ]
  return {
    ...found,
    isUncertain: found.isUncertain || (missing.length > 0 && found.wanted.length > 0),
    warnings: [...warnings, ...missing, ...absentCaches(cache)],
    isCacheMissing: !cache.exists,
    isCacheAbsent: absentCaches(cache).length > 0,
    places: cache.places,
    pathsOf: once(() => pathsById(files)),
  }
}

function pathsById(files: readonly CacheFile[]): ReadonlyMap<string, readonly string[]> {
  const paths = new Map<string, string[]>()
  for (const { attachment, path } of files) {
    const id = attachmentId(attachment)
    paths.set(id, [...(paths.get(id) ?? []), path])
  }
  return paths
}

function isRefusal(error: unknown): boolean {
  return error instanceof CniError && error.reason === 'tryAgain'
}

/** Attachments that nobody else is changing are repaired all the same. */
async function replaceOneByOne(backend: Backend, options: SyncOptions): Promise<Outcome> {
  const found = await findWanted(options)
  const failures: string[] = []
  const parts: Replacement[] = []
  for (const one of found.wanted) {
    try {
      parts.push(await backend.replace([one], options))
    } catch (error) {
      failures.push(`${one.attachment.containerID} ${one.attachment.ifname}: ${toCniError(error).message}`)
    }
  }
  const replacement = {
    changes: parts.flatMap(({ changes }) => changes),
    held: parts.flatMap(({ held }) => held),
    repairs: parts.flatMap(({ repairs }) => repairs),
    unrepaired: parts.at(-1)?.unrepaired ?? [],
    unseen: parts.at(-1)?.unseen ?? [],
    script: parts.map(({ script }) => script).join(''),
  }
  return { found, replacement, failures }
}

async function prune(backend: Backend, options: SyncOptions): Promise<PruneReport> {
  try {
    const pruned = await pruneGone(backend, {
      readCache: () => readNodeCache(options.cacheDirs),
      graceSeconds: options.pruneAfterSeconds ?? 0,
      dryRun: options.dryRun,
    })
    const { doubt, failures } = pruned
    return { ...pruned, failures: doubt === undefined ? failures : [...failures, doubt] }
  } catch (error) {
    // Rules that were restored before the failure are reported all the same.
    const { message, details } = toCniError(error)
    return { ...NOTHING_PRUNED, failures: [details ? `${message}: ${details}` : message] }
  }
}
