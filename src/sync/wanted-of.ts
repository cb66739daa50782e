import type { Origin, Wanted } from '../backend/backend'
import { findOwnPlugin, pluginsOf } from '../cni/conflists'
import { isObject, type JsonObject } from '../cni/json'
import { parseAddresses } from '../cni/prev-result'
import type { CachedAttachment, ResultCache } from '../cni/result-cache'
import { wantedFor } from '../config/wanted'
import { inPlainWords } from '../system/plain-words'
import type { Decide } from './decisions'
import { type Candidate, oneForEachAddress } from './one-for-each-address'
import { existingSandbox } from './sandbox'

/** Our part of a network, and whether it is only the config of the ADD. */
export interface Plugin {
  readonly decide: Decide
  readonly isFallback: boolean
}

/**
 * The rules of cached attachments; `pluginOf` finds the plugin for each. Results that cannot be read are left out with a
 * warning, and no address is wanted by two attachments.
 */
export async function wantedOf(
  { attachments }: Pick<ResultCache, 'attachments'>,
  pluginOf: (cached: CachedAttachment) => Promise<Plugin | undefined>,
): Promise<{
  readonly wanted: readonly Wanted[]
  readonly warnings: readonly string[]
  readonly skipped: readonly string[]
}> {
  const [skipped, warnings]: [string[], Set<string>] = [[], new Set()]
  const candidates: Candidate[] = []
  const origins = new Map<string, Origin>()
  for (const cached of attachments) {
    try {
      const plugin = await pluginOf(cached)
      if (!plugin) continue
      // All pods of a network have the same conflist, so it is read once.
      const origin = origins.get(cached.config) ?? originOf(cached)
      origins.set(cached.config, origin)
      const { wanted, warnings: said } = wantedBy(cached, plugin, origin)
      for (const warning of said) warnings.add(`network ${cached.attachment.network}: ${warning}`)
      candidates.push({ cached, wanted })
    } catch (error) {
      skipped.push(`skipped the cache file ${cached.file}: ${inPlainWords(error)}`)
    }
  }
  return { wanted: oneForEachAddress(candidates), warnings: [...warnings], skipped }
}

function wantedBy(
  cached: CachedAttachment,
  { decide, isFallback }: Plugin,
  origin: Origin,
): { wanted: Wanted; warnings: readonly string[] } {
  const { attachment, result, netns = existingSandbox(result, attachment.ifname) } = cached
  const ips = parseAddresses(result, attachment.ifname)
  const { decision, warnings } = decide(cached, ips)
  const wanted = {
    ...wantedFor(attachment, ips, decision),
    ...(netns !== undefined && { netns }),
    isFallback,
    origin,
    // The runtime writes the file as soon as the ADD has succeeded.
    addedAt: cached.modified / 1000,
  }
  return { wanted, warnings }
}

export function pluginsIn({ readConflist }: CachedAttachment): readonly JsonObject[] {
  const conflist = readConflist()
  return isObject(conflist) ? pluginsOf(conflist) : []
}

/**
 * Some runtimes take DEL from the conflist that they cached at the ADD (CRI-O). If that conflist has no ip-masq, no DEL
 * will reach us, and whoever removes rules has to know it.
 */
function originOf(cached: CachedAttachment): Origin {
  try {
    return findOwnPlugin(pluginsIn(cached)) ? 'restored' : 'adopted'
  } catch {
    // A torn conflist proves nothing, and must not cost the pod its rules.
    return 'restored'
  }
}
