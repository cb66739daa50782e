import type { Listed } from '../backend/backend'
import { readNetworks } from '../cni/conflists'
import type { ResultCache } from '../cni/result-cache'
import type { Family } from '../policy/address'
import { takeOver } from '../primary/take-over'
import { absentCaches, readNodeCache } from '../sync/node-cache'
import { type SyncReport, sync } from '../sync/sync'
import { wantedAttachments } from '../sync/wanted-attachments'
import { error, type Finding, ok, unseen } from './finding'
import type { Site } from './site'

/** The result of a sync that changes nothing, and what other checks need of it. */
export interface Rules {
  /** Absent if the kernel was not asked. */
  readonly report?: SyncReport
  /** The number of attachments that should have rules. */
  readonly wanted: number
  /** The families of all addresses that are known. */
  readonly families: ReadonlySet<Family>
  readonly cache: CachesRead
  /** The number of attachments with rules, whether or not a cache has them; undefined if the kernel was not asked. */
  readonly standing?: number
}

export interface CachesRead extends Pick<ResultCache, 'places' | 'absent'> {
  /** The lines of sync about caches that do not exist. */
  readonly lines: readonly string[]
}

/** The same grace as for `ip-masq gc`, because an ADD may be under way. */
const GRACE_SECONDS = 600

/** Asks the kernel, and changes nothing. */
export async function readRules(site: Site): Promise<Rules> {
  const { confDir, cacheDirs, backend, primaryFirewalls } = site
  const report = await sync(backend(), {
    ...{ confDir, cacheDirs, dryRun: true, pruneAfterSeconds: GRACE_SECONDS },
    takeOver: (state) => takeOver(primaryFirewalls, state, { dryRun: true, keep: false, isThorough: false }),
  })
  const cache = readCachesThere(cacheDirs)
  const { known, kept, removed } = report.pruned
  const listed: readonly Pick<Listed, 'addresses'>[] = [...known, ...kept].map((one) => one.listed)
  return {
    report,
    cache,
    wanted: report.wanted.length,
    families: familiesOf([...report.wanted, ...listed]),
    standing: listed.length + removed.length,
  }
}

/** Reads the caches and the conflists only. The kernel cannot or must not be asked. */
export async function readWantedAlone({ confDir, cacheDirs }: Site): Promise<Rules> {
  const { wanted } = await wantedAttachments(readNodeCache(cacheDirs), readNetworks(confDir), confDir)
  return { wanted: wanted.length, families: familiesOf(wanted), cache: readCachesThere(cacheDirs) }
}

/** Finds the caches, and reads none of their entries. */
function readCachesThere(cacheDirs: readonly string[]): CachesRead {
  const cache = readNodeCache(cacheDirs, { isLate: () => true })
  return { places: cache.places, absent: cache.absent, lines: absentCaches(cache) }
}

function familiesOf(all: readonly Pick<Listed, 'addresses'>[]): ReadonlySet<Family> {
  return new Set(all.flatMap(({ addresses }) => addresses.map(({ family }) => family)))
}

/** nf_tables is not loaded, so there are no rules, unless iptables-legacy has some. */
export function checkUnasked({ wanted }: Rules, hasLegacyNat: boolean): readonly Finding[] {
  const check = 'drift'
  if (hasLegacyNat)
    return [
      unseen(check, {
        what: 'Cannot compare the rules with what the conflists ask for: to ask nf_tables would load it',
        mend: 'ip-masq sync --dry-run, which may load it',
      }),
    ]
  if (wanted === 0) return [ok(check, 'there is no attachment here that should have rules, and none has any')]
  return [
    error(check, {
      what: `${wanted === 1 ? '1 attachment has' : `${wanted} attachments have`} no rules: nf_tables is not loaded`,
      why: NOT_MASQUERADED,
      mend: 'ip-masq sync',
    }),
  ]
}

export const NOT_MASQUERADED = 'their packets leave the node with their own address, and get no answer'
