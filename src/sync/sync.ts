import { existsSync } from 'node:fs'
import type { Backend, Pruned, Replacement, Wanted } from '../backend/backend'
import { readNetworks } from '../cni/conflists'
import { CniError, toCniError } from '../cni/error'
import { readResultCache } from '../cni/result-cache'
import { staleTest } from './stale'
import { wantedAttachments } from './wanted-attachments'

export interface SyncOptions {
  readonly confDir: string
  readonly cacheDir: string
  readonly dryRun: boolean
  /** Remove what no runtime knows, if it was written longer ago than this. */
  readonly pruneAfterSeconds: number | undefined
}

export interface SyncReport extends Replacement {
  /** Attachments that should have rules. */
  readonly found: number
  readonly pruned: Pruned
  readonly warnings: readonly string[]
  /** Reasons why the kernel does not match now. */
  readonly errors: readonly string[]
}

/** Refused because something changed between reading and writing: read again. */
const ATTEMPTS = 3

const NOTHING_PRUNED: Pruned = { removed: [], policies: [], failures: [] }

export function sync(backend: Backend, options: SyncOptions, epochSeconds: () => number): SyncReport {
  const read = () =>
    wantedAttachments({
      cache: readResultCache(options.cacheDir),
      networks: readNetworks(options.confDir),
      netnsExists: existsSync,
    })
  let sources = read()
  let replacement: Replacement | undefined
  const failures: string[] = []
  for (let attempt = 1; replacement === undefined; attempt++) {
    try {
      replacement = backend.replace(sources.wanted, options)
    } catch (error) {
      if (!(error instanceof CniError && error.reason === 'tryAgain')) throw error
      sources = read()
      if (attempt === ATTEMPTS) replacement = replaceOneByOne(backend, sources.wanted, failures)
    }
  }
  const pruned =
    options.pruneAfterSeconds === undefined ? NOTHING_PRUNED : prune(backend, options, epochSeconds())
  return {
    ...replacement,
    found: sources.wanted.length,
    pruned,
    warnings: sources.warnings,
    errors: [...sources.errors, ...failures, ...pruned.failures],
  }
}

/** The last resort of a busy node: those that nobody touches are put right all the same. */
function replaceOneByOne(backend: Backend, wanted: readonly Wanted[], failures: string[]): Replacement {
  const parts = wanted.flatMap((one) => {
    try {
      return [backend.replace([one], { dryRun: false })]
    } catch (error) {
      failures.push(`${one.attachment.containerID} ${one.attachment.ifname}: ${toCniError(error).message}`)
      return []
    }
  })
  return {
    changes: parts.flatMap(({ changes }) => changes),
    held: parts.flatMap(({ held }) => held),
    repairs: parts.flatMap(({ repairs }) => repairs),
    script: parts.map(({ script }) => script).join(''),
  }
}

/** The cache is read when the first attachment of the kernel is looked at, and so after the kernel. */
function prune(backend: Backend, options: SyncOptions, epochSeconds: number): Pruned {
  let isStale: ReturnType<typeof staleTest> | undefined
  const graceSeconds = options.pruneAfterSeconds ?? 0
  return backend.prune((listed) => {
    isStale ??= staleTest(backend, requireCache(options.cacheDir), { graceSeconds, epochSeconds })
    return isStale(listed)
  }, options)
}

/** An empty cache is a fact; one that is not there is more likely a wrong path, and would cost every pod its rules. */
export function requireCache(cacheDir: string) {
  const cache = readResultCache(cacheDir)
  if (cache.exists) return cache
  throw new CniError(
    'ioFailure',
    `Cannot tell what is stale: there is no result cache ${cacheDir}/results; use --cache-dir`,
  )
}
