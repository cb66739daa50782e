import { epochSeconds, now } from '#system/clock'
import { CODES } from '../cni/error'
import { expand } from '../config/sources'
import type { Differences } from '../metrics/drift'
import { VERSION } from '../system/version'
import { errorText, toOperatorError } from './error-text'
import { fingerprint, fingerprintOf } from './fingerprint'
import { hasContainers } from './has-containers'
import type { Health } from './health'
import { pauseUntilStop } from './pause'
import type { SyncOptions } from './rows/sync'
import type { World } from './world'

interface Found extends Differences {
  /** The number of attachments that should have rules. */
  readonly found: number
  /** The tables that existed after it. */
  readonly hookedTables: readonly string[]
  /** The paths and globs that the conflists name. */
  readonly files: readonly string[]
  /** Things that could not be used. */
  readonly errors: readonly string[]
  /** There is no result cache, so nobody knows which attachments should have rules. */
  readonly isCacheMissing: boolean
}

type Outcome =
  | (Found & { readonly error: undefined })
  | {
      readonly error: string
      /** `CODES`. */
      readonly code: number
      readonly files: undefined
      readonly hookedTables: undefined
    }

/** How often to look whether the table is gone or a conflist has changed. Both are noticed within 2 s. */
const LOOK_MS = 1_500

/** The time until the next attempt after a run that failed: soon, but not so often that it floods the log. */
const RETRY_MS = 5_000

/**
 * Stays, and runs again when a conflist changes, soon after the table is lost, and after every interval. It polls,
 * because `nft monitor` keeps the whole ruleset in memory, and inotify does not see directories that come later.
 */
export async function watch(
  options: Pick<SyncOptions, 'confDir' | 'intervalSeconds'>,
  { world, health }: { readonly world: World; readonly health: Health },
  run: (options: { quiet: boolean }) => Promise<Found>,
): Promise<number> {
  const pause = pauseUntilStop()
  let files: readonly string[] = []
  let known = ''
  let hooked: readonly string[] = []
  let due = 0
  let error: string | undefined
  let hadRules = false
  await world.stay()
  await world.writeError(
    `ip-masq ${VERSION}: watching ${options.confDir} and the rules, every ${options.intervalSeconds} s at the latest\n`,
    'info',
  )
  for (let isFirst = true; !pause.isStopped(); isFirst = false) {
    const seen = await fingerprintAll(options.confDir, files)
    // A node without pods has no tables, and only a table that existed can be lost. The existing tables are watched. If
    // there is none, all are, for the first one to come.
    const present = await world.backend().hookedTables(hooked.length > 0 ? hooked : undefined)
    const isLost = hooked.some((table) => !present.includes(table))
    if (isFirst || seen !== known || isLost || now() >= due) {
      const startedMs = now()
      const done = await runOnce(run, world, isFirst)
      const durationMs = now() - startedMs
      // The run has read files that the conflists name for the first time, and their state before it is not known. A
      // change in between would go unseen, so the next look counts the new names as a change.
      known = seen
      files = done.files ?? files
      hooked = done.hookedTables ?? []
      hadRules ||= hooked.length > 0 || isLost
      const missing = done.error === undefined ? missingCache(done, hadRules) : undefined
      const isDone =
        done.error === undefined && missing === undefined && (done.found === 0 || hooked.length > 0)
      error = done.error ?? done.errors[0] ?? missing
      health.synced({
        durationMs,
        epochSeconds: epochSeconds(),
        ...(done.error === undefined && { found: done }),
        ...(error !== undefined && { code: done.error === undefined ? CODES.drift : done.code }),
      })
      due = now() + (isDone ? options.intervalSeconds * 1000 : RETRY_MS)
    } else {
      hooked = present
    }
    const nextMs = Math.min(LOOK_MS, Math.max(1, due - now()))
    health.turned('sync', { error, nextMs })
    await pause.sleep(nextMs)
  }
  return 0
}

/** A node without pods has no cache yet, and nothing is wrong there. Elsewhere nothing could be restored. */
function missingCache(
  { isCacheMissing }: { isCacheMissing?: boolean },
  hadRules: boolean,
): string | undefined {
  if (!isCacheMissing || !(hadRules || hasContainers())) return undefined
  return 'there is no result cache, so lost rules cannot be restored; name it with --cache-dir'
}

/**
 * Returns what a run found. A failure is printed, and the run is tried again soon: nobody restarts a watch that gave up
 * at night.
 */
async function runOnce(
  run: (options: { quiet: boolean }) => Promise<Found>,
  world: World,
  isFirst: boolean,
): Promise<Outcome> {
  try {
    return { ...(await run({ quiet: !isFirst })), error: undefined }
  } catch (error) {
    const said = errorText(error)
    await world.writeError(`${said}\n`, 'error')
    const code = CODES[toOperatorError(error).reason]
    return { error: said, code, files: undefined, hookedTables: undefined }
  }
}

async function fingerprintAll(confDir: string, files: readonly string[]): Promise<string> {
  const paths: string[] = []
  for (const file of files) paths.push(...(await expand(file).catch(() => [])))
  return [fingerprint(confDir), ...paths.map((path) => `${path} ${fingerprintOf(path)}`)].join('\n')
}
