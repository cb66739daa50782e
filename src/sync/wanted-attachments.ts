import type { Wanted } from '../backend/backend'
import { findOwnPlugin, type Networks } from '../cni/conflists'
import { toCniError } from '../cni/error'
import type { JsonObject } from '../cni/json'
import type { CachedAttachment, ResultCache } from '../cni/result-cache'
import { warningsOf } from '../config/intent'
import { readSettings } from '../config/settings'
import { filesNamedIn } from '../config/sources'
import { deciderOf } from './decisions'
import { type Plugin, pluginsIn, wantedOf } from './wanted-of'

export interface WantedAttachments {
  readonly wanted: readonly Wanted[]
  /** What was left out, a line each. */
  readonly warnings: readonly string[]
  /** What was left out may be a pod that should have rules. */
  readonly isUncertain: boolean
  /** A conflist that is wrong: its attachments keep what they have, and sync did not do all of its job. */
  readonly errors: readonly string[]
  /** Paths and globs that the conflists name, besides: what is read there may change. */
  readonly files: readonly string[]
}

/** A network by its conflist on disk; `none`: that has no ip-masq. */
type Defined = Plugin | 'none' | 'unusable' | 'unlisted'

/**
 * What should be there: for every attachment in the caches whose network uses ip-masq and whose netns is not known to be
 * gone (the cache outlives a reboot), the rules that its conflist asks for now. Where there is no conflist any more, or
 * none that can be used, the one of its ADD: good enough for a pod without rules, never a reason to change one.
 */
export async function wantedAttachments(
  cache: ResultCache,
  networks: Networks,
  confDir: string,
): Promise<WantedAttachments> {
  const [errors, warnings, files] = [new Set<string>(), new Set<string>(), new Set<string>()]
  const read = async (network: string, config: JsonObject, isFallback: boolean) => {
    try {
      for (const file of filesNamedIn(config)) files.add(file)
      const settings = await readSettings(config)
      const decide = deciderOf(config, settings)
      for (const warning of warningsOf(settings)) warnings.add(`network ${network}: ${warning}`)
      return { decide, isFallback }
    } catch (error) {
      errors.add(`network ${network}: ${toCniError(error).message}`)
      return undefined
    }
  }
  const definition = memoised(async (name: string): Promise<Defined> => {
    const network = networks.networks.get(name)
    if (!network) return 'unlisted'
    const config = findOwnPlugin(network.plugins)
    return config ? ((await read(name, config, false)) ?? 'unusable') : 'none'
  })
  // All pods of a network have the same conflist, unless the runtime writes their arguments into it.
  const ofAdd = memoised(async (_: string, cached: CachedAttachment) => {
    const config = findOwnPlugin(pluginsIn(cached))
    return config && (await read(cached.attachment.network, config, true))
  })
  const {
    wanted,
    warnings: said,
    skipped,
  } = await wantedOf(cache, async (cached) => {
    const { network } = cached.attachment
    const defined = await definition(network)
    if (typeof defined === 'object') return defined
    if (defined === 'none') return undefined
    const plugin = await ofAdd(`${network} ${cached.config}`, cached)
    // A network that never had ip-masq is no concern of ours, and Multus' definitions are not on this node.
    if (plugin && defined === 'unlisted' && cached.runtime !== 'Multus') {
      if (networks.problems.length > 0)
        errors.add(`network ${network}: no conflist of that name that can be read`)
      else if (networks.exists)
        warnings.add(
          `network ${network}: no conflist in ${confDir} has this name, so its pods keep the rules of their ADD; name the right directory with --conf-dir or --profile`,
        )
    }
    return plugin
  })
  return {
    wanted,
    files: [...files],
    warnings: [
      ...networks.problems.map((problem) => `skipped ${problem}`),
      ...cache.unreadable.map((file) => `skipped the unreadable cache file ${file}`),
      ...warnings,
      ...said,
      ...skipped,
    ],
    isUncertain: skipped.length > 0 || cache.hidesAttachment,
    errors: [...errors],
  }
}

/** Once for each key: a list of thousands is read for all pods of a network together. */
function memoised<A extends readonly unknown[], T>(
  make: (key: string, ...rest: A) => Promise<T>,
): (key: string, ...rest: A) => Promise<T> {
  const made = new Map<string, Promise<T>>()
  return (key, ...rest) => {
    const known = made.get(key) ?? make(key, ...rest)
    made.set(key, known)
    return known
  }
}
