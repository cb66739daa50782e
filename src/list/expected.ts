import type { Wanted } from '../backend/backend'
import { findOwnPlugin, type Networks, readNetworks } from '../cni/conflists'
import type { CachedAttachment, ResultCache } from '../cni/result-cache'
import { idOf } from '../sync/attachment-ids'
import { type NetnsTest, netnsTest } from '../sync/netns'
import { absentCaches, readNodeCache } from '../sync/node-cache'
import { wantedAttachments } from '../sync/wanted-attachments'

/** What the result caches and the conflists say of the node's attachments. */
export interface Expected {
  readonly cache: ResultCache
  readonly networks: Networks
  /** What it has seen once it does not look at again. */
  readonly isNetnsGone: NetnsTest
  /** By `attachmentId`: entries whose network namespace exists, as far as can be seen. */
  readonly cached: ReadonlyMap<string, CachedAttachment>
  /** By `attachmentId`: what a sync would install now. */
  readonly wanted: ReadonlyMap<string, Wanted>
  /** What could not be read, a line each: something odd may be missing in the list. */
  readonly problems: readonly string[]
  /** What an operator should know besides. */
  readonly warnings: readonly string[]
}

export interface Directories {
  readonly confDir: string
  readonly cacheDirs: readonly string[]
}

/** `hasRules`: something has rules here, so that there should be a result cache and conflists to compare with. */
export async function readExpected(
  { confDir, cacheDirs }: Directories,
  hasRules: boolean,
): Promise<Expected> {
  const isNetnsGone = netnsTest()
  const cache = readNodeCache(cacheDirs, {}, isNetnsGone)
  const networks = readNetworks(confDir)
  const { wanted, warnings, errors, isUncertain } = await wantedAttachments(cache, networks, confDir)
  const isNeeded = hasRules || cache.attachments.length > 0
  const missing = [
    ...(networks.exists
      ? []
      : [`there is no ${confDir}; name the right directory with --conf-dir or --profile`]),
    ...absentCaches(cache),
  ]
  return {
    cache,
    networks,
    isNetnsGone,
    cached: new Map(cache.attachments.map((one) => [idOf(one.attachment), one])),
    wanted: new Map(wanted.map((one) => [idOf(one.attachment), one])),
    // A node without pods has neither.
    problems: [...(isNeeded ? missing : []), ...errors, ...(isUncertain ? warnings : [])],
    warnings: isUncertain ? [] : warnings,
  }
}

/** Why nothing is wanted for a cached attachment; undefined where something is, or where a problem says why. */
export function whyUnwanted({ networks }: Expected, network: string): string | undefined {
  const defined = networks.networks.get(network)
  if (!defined) return undefined
  return findOwnPlugin(defined.plugins) ? undefined : 'no ip-masq in the conflist'
}
