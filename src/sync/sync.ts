import { isAbsent } from '../absent'
import type { Backend, Pruned, Replacement } from '../backend/backend'
import { attachmentId } from '../backend/identity'
import type { Attachment } from '../cni/attachment'
import { readNetworks } from '../cni/conflists'
import { CniError, toCniError } from '../cni/error'
import { readResultCache } from '../cni/result-cache'
import { formatPrefix } from '../policy/prefix'
import { describeRule, type Sources, type TakenOver } from '../primary/take-over'
import { isNetnsGone } from './netns'
import { undoOvertaken, withoutGone } from './overtaken'
import { takeOverPrimary } from './primary'
import { requireCache, staleTest } from './stale'
import { type WantedAttachments, wantedAttachments } from './wanted-attachments'

export interface SyncOptions {
  readonly confDir: string
  readonly cacheDir: string
  readonly dryRun: boolean
  /** Remove what no runtime knows, if it was written longer ago than this. */
  readonly pruneAfterSeconds: number | undefined
  /** Removes the masquerade rules of primary plugins that are switched off; after ours are in place. */
  readonly takeOver: (sources: Sources) => Promise<TakenOver>
}

export interface OwnList {
  readonly attachment: Attachment
  readonly nonMasqueradeCIDRs: readonly string[]
}

export interface SyncReport extends Replacement {
  /** Attachments that should have rules. */
  readonly found: number
  /** Attachments whose policy is made of a list of the pod's own, whether or not anything changed for them. */
  readonly ownLists: readonly OwnList[]
  /** Paths and globs of files that the conflists name. */
  readonly files: readonly string[]
  readonly pruned: Pruned
  readonly primary: TakenOver
  readonly warnings: readonly string[]
  /** Reasons why the kernel does not match now. */
  readonly errors: readonly string[]
}

/** Refused because something changed between reading and writing: read again. */
const ATTEMPTS = 3

const NOTHING_PRUNED: Pruned = { removed: [], policies: [], failures: [] }

export async function sync(
  backend: Backend,
  options: SyncOptions,
  epochSeconds: () => number,
): Promise<SyncReport> {
  const { sources, replacement, failures } = await replaceStanding(backend, options)
  const pruned =
    options.pruneAfterSeconds === undefined ? NOTHING_PRUNED : await prune(backend, options, epochSeconds)
  // Addresses that the dead held are free now.
  const isFreed = replacement.held.length > 0 && pruned.removed.length > 0 && !options.dryRun
  const second = isFreed ? await replaceStanding(backend, options) : undefined
  const primary = await takeOverPrimary(options, second ?? { sources, replacement, failures })
  return {
    ...replacement,
    ...(second && {
      changes: [...replacement.changes, ...second.replacement.changes],
      held: second.replacement.held,
      unrepaired: second.replacement.unrepaired,
    }),
    found: sources.wanted.length,
    ownLists: sources.wanted.flatMap(({ attachment, podList }) =>
      podList ? [{ attachment, nonMasqueradeCIDRs: podList.map(formatPrefix) }] : [],
    ),
    files: sources.files,
    pruned,
    primary,
    warnings: [
      ...sources.warnings,
      ...primary.problems,
      ...primary.kept.map(({ rule, why }) => `kept ${describeRule(rule)}: ${why}`),
    ],
    errors: [
      ...sources.errors,
      ...(second?.replacement ?? replacement).unrepaired,
      ...failures,
      ...(second?.failures ?? []),
      ...pruned.failures,
      ...primary.failures,
    ],
  }
}

/** Without the rules of attachments whose DEL came while they were written, as the kernel or the cache knows. */
async function replaceStanding(backend: Backend, options: SyncOptions): Promise<Outcome> {
  const outcome = await replaceAll(backend, options)
  const { changes } = outcome.replacement
  if (options.dryRun || !changes.some(({ what }) => what === 'restored')) return outcome
  const cache = readResultCache(options.cacheDir)
  const known = new Set(cache.attachments.map(({ attachment }) => attachmentId(attachment)))
  const hasEnded = (id: string) => cache.unreadable.length === 0 && !known.has(id)
  const standing = await undoOvertaken(backend, changes, hasEnded)
  return { ...outcome, replacement: { ...outcome.replacement, changes: standing } }
}

export interface Outcome {
  readonly sources: WantedAttachments
  readonly replacement: Replacement
  readonly failures: readonly string[]
}

/** All together; when that is refused time and again on a busy node, each attachment for itself. */
async function replaceAll(backend: Backend, options: SyncOptions): Promise<Outcome> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const sources = await readSources(options)
    try {
      const wanted = await withoutGone(backend, sources.wanted)
      return { sources, replacement: await backend.replace(wanted, options), failures: [] }
    } catch (error) {
      if (options.dryRun || !isRefusal(error)) throw error
    }
  }
  return replaceOneByOne(backend, options)
}

async function readSources({ cacheDir, confDir }: SyncOptions): Promise<WantedAttachments> {
  const cache = readResultCache(cacheDir)
  const sources = await wantedAttachments(cache, readNetworks(confDir), isNetnsGone)
  const missing = [
    ...(cache.exists ? [] : [`there is no result cache ${cacheDir}/results`]),
    ...(isAbsent(confDir) ? [`there is no ${confDir}: went by the conflists of the ADDs`] : []),
  ]
  return { ...sources, warnings: [...sources.warnings, ...missing] }
}

function isRefusal(error: unknown): boolean {
  return error instanceof CniError && error.reason === 'tryAgain'
}

/** Those that nobody touches are put right all the same. */
async function replaceOneByOne(backend: Backend, options: SyncOptions): Promise<Outcome> {
  const sources = await readSources(options)
  const failures: string[] = []
  const parts: Replacement[] = []
  for (const one of await withoutGone(backend, sources.wanted)) {
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
    script: parts.map(({ script }) => script).join(''),
  }
  return { sources, replacement, failures }
}

async function prune(backend: Backend, options: SyncOptions, epochSeconds: () => number): Promise<Pruned> {
  const times = { graceSeconds: options.pruneAfterSeconds ?? 0, epochSeconds: epochSeconds() }
  try {
    return await backend.prune(
      afterKernel(() => staleTest(requireCache(options.cacheDir), times)),
      options,
    )
  } catch (error) {
    // What was restored before is told all the same.
    const { message, details } = toCniError(error)
    return { ...NOTHING_PRUNED, failures: [details ? `${message}: ${details}` : message] }
  }
}

/**
 * A test that is made when the first attachment of the kernel is looked at: the cache has to be read after the kernel,
 * or an ADD in between would look like nobody's.
 */
export function afterKernel<T>(make: () => (item: T) => boolean): (item: T) => boolean {
  let test: ((item: T) => boolean) | undefined
  return (item) => {
    test ??= make()
    return test(item)
  }
}
