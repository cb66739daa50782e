import type { Origin, Wanted } from '../backend/backend'
import { findOwnPlugin, pluginsOf } from '../cni/conflists'
import { isObject, type JsonObject } from '../cni/json'
import { distinctAddresses, parseAddresses } from '../cni/prev-result'
import type { CachedAttachment, ResultCache } from '../cni/result-cache'
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
 * The rules of cached attachments; `pluginOf` finds the plugin for each. It returns a promise only where it has to read
 * something: to wait for one takes longer than the rest of a pod. Results that cannot be read are left out with a
 * warning, and no address is wanted by two attachments.
 */
export async function wantedOf(
  { attachments }: Pick<ResultCache, 'attachments'>,
  pluginOf: (cached: CachedAttachment) => Plugin | undefined | Promise<Plugin | undefined>,
): Promise<{
  readonly wanted: readonly Wanted[]
  readonly warnings: readonly string[]
  readonly skipped: readonly string[]
}> {
  const skipped: string[] = []
  const found: Found = { candidates: [], warnings: new Set(), origins: new Map() }
  for (const cached of attachments) {
    try {
      const known = pluginOf(cached)
      const plugin = known instanceof Promise ? await known : known
      if (plugin) addWanted(found, cached, plugin)
    } catch (error) {
      skipped.push(`skipped the cache file ${cached.file}: ${inPlainWords(error)}`)
    }
  }
  return { wanted: oneForEachAddress(found.candidates), warnings: [...found.warnings], skipped }
}

interface Found {
  readonly candidates: Candidate[]
  readonly warnings: Set<string>
  /** All pods of a network have the same conflist, so it is read once. */
  readonly origins: Map<CachedAttachment['config'], Origin>
}

function addWanted(
  { candidates, warnings, origins }: Found,
  cached: CachedAttachment,
  { decide, isFallback }: Plugin,
): void {
  const { attachment, result, config, modified } = cached
  const origin = origins.get(config) ?? originOf(cached)
  origins.set(config, origin)
  const ips = parseAddresses(result, attachment.ifname)
  const { decision, warnings: said } = decide(cached, ips)
  if (said.length > 0) for (const one of said) warnings.add(`network ${attachment.network}: ${one}`)
  const { policy, backend, carrier, podList } = decision
  // Field by field: spreads would take longer than all the rest.
  const wanted = {
    attachment,
    addresses: distinctAddresses(ips),
    policy,
    backend,
    carrier,
    podList,
    netns: cached.netns ?? existingSandbox(result, attachment.ifname),
    isFallback,
    origin,
    // The runtime writes the file as soon as the ADD has succeeded.
    addedAt: modified / 1000,
  }
  candidates.push({ cached, wanted })
}

export function pluginsIn({ config }: CachedAttachment): readonly JsonObject[] {
  const conflist = config.readConflist()
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
