import type { Wanted } from '../backend/backend'
import type { AttachmentName } from '../cni/attachment'
import { findOwnPlugin, type Networks, readNetworks } from '../cni/conflists'
import type { CachedAttachment, ResultCache } from '../cni/result-cache'
import { idOf } from '../sync/attachment-ids'
import { absentDirectories, type Directories, type Named } from '../sync/named'
import { type NetnsTest, netnsTest } from '../sync/netns'
import { readNodeCache } from '../sync/node-cache'
import { wantedAttachments } from '../sync/wanted-attachments'

/** What the result caches and the conflists say of the node's attachments. */
export interface Expected {
  readonly cache: ResultCache
  readonly networks: Networks
  /** It looks at each namespace only once. */
  readonly isNetnsGone: NetnsTest
  /** Entries by `attachmentId`. Their network namespaces exist, as far as this process can see. */
  readonly cached: ReadonlyMap<string, CachedAttachment>
  /** The rules that a sync would install now, by `attachmentId`. */
  readonly wanted: ReadonlyMap<string, Wanted>
  /** What could not be read, one line each. The list may lack something odd because of it. */
  readonly problems: readonly string[]
  /** Other things that an operator should know, one line each. */
  readonly warnings: readonly string[]
}

interface Needs {
  /** Some attachment has rules. Then a result cache and conflists should exist. */
  readonly hasRules: boolean
  readonly named: Named
}

export async function readExpected(
  { confDir, cacheDirs }: Directories,
  { hasRules, named }: Needs,
): Promise<Expected> {
  const isNetnsGone = netnsTest()
  const cache = readNodeCache(cacheDirs, {}, isNetnsGone)
  const networks = readNetworks(confDir)
  const { wanted, warnings, errors, isUncertain } = await wantedAttachments(cache, networks, confDir)
  const isNeeded = hasRules || cache.attachments.length > 0
  const missing = absentDirectories(
    { confDir, networks, cache },
    { confDir: isNeeded || named.confDir, cacheDirs: isNeeded || named.cacheDirs },
  )
  return {
    cache,
    networks,
    isNetnsGone,
    cached: byId(cache.attachments),
    wanted: byId(wanted),
    problems: [...missing, ...errors, ...(isUncertain ? warnings : [])],
    warnings: isUncertain ? [] : warnings,
  }
}

function byId<T extends { readonly attachment: AttachmentName }>(all: readonly T[]): Map<string, T> {
  const found = new Map<string, T>()
  for (const one of all) found.set(idOf(one.attachment), one)
  return found
}

/** The reason why a cached attachment should have no rules; undefined if it should have some, or if a problem gives the reason. */
export function whyUnwanted({ networks }: Expected, network: string): string | undefined {
  const defined = networks.networks.get(network)
  if (!defined) return undefined
  return findOwnPlugin(defined.plugins) ? undefined : 'no ip-masq in the conflist'
}
