import type { Wanted } from '../backend/backend'
import { findOwnPlugin, type Networks } from '../cni/conflists'
import { toCniError } from '../cni/error'
import type { JsonObject } from '../cni/json'
import type { CachedAttachment, ResultCache } from '../cni/result-cache'
import { readSettings } from '../config/settings'
import { filesNamedIn } from '../config/sources'
import { warningsOf } from '../config/warnings'
import { deciderOf } from './decisions'
import { type Plugin, pluginsIn, wantedOf } from './wanted-of'

export interface WantedAttachments {
  readonly wanted: readonly Wanted[]
  /** Attachments that were left out, one line each. */
  readonly warnings: readonly string[]
  /** Something that was left out may be a pod that should have rules. */
  readonly isUncertain: boolean
  /** Conflists that are wrong: their attachments keep what they have, and sync did not do all of its work. */
  readonly errors: readonly string[]
  /** Other paths and globs that the conflists name; the files there may change. */
  readonly files: readonly string[]
}

/** A network as its conflist on disk defines it. `none`: the conflist has no ip-masq. */
type Defined = Plugin | 'none' | 'unusable' | 'unlisted'

/**
 * What should be there: for every attachment in the caches whose network uses ip-masq and whose netns is not known to be
 * gone (the cache outlives a reboot), the rules that its conflist requests now. If there is no conflist any more, or none
 * that can be used, the conflist of its ADD counts: it is good enough for a pod without rules, but never a reason to
 * change a rule.
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
  const pluginOf = async (cached: CachedAttachment) => {
    const { network } = cached.attachment
    const defined = await definition(network)
    if (typeof defined === 'object') return defined
    if (defined === 'none') return undefined
    const plugin = await ofAdd(`${network} ${cached.config.base64}`, cached)
    // A network that never had ip-masq does not concern us, and Multus' definitions are not on this node.
    if (plugin && defined === 'unlisted' && cached.runtime !== 'Multus') {
      if (networks.problems.length > 0)
        errors.add(`network ${network}: no conflist that can be read has this name`)
      else if (networks.exists)
        warnings.add(
          `network ${network}: no conflist in ${confDir} has this name, so its pods keep the rules of their ADD; name the right directory with --conf-dir or --profile`,
        )
    }
    return plugin
  }
  const { wanted, warnings: said, skipped } = await wantedOf(cache, forEachNetwork(pluginOf))
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

/**
 * Remembers the plugin of the file before. The files of a network come one after the other, and all of them have the same
 * plugin, unless the runtime writes their arguments into the conflist.
 */
function forEachNetwork(pluginOf: (cached: CachedAttachment) => Promise<Plugin | undefined>) {
  let last: { readonly cached: CachedAttachment; readonly plugin: Plugin | undefined } | undefined
  return (cached: CachedAttachment): Plugin | undefined | Promise<Plugin | undefined> => {
    if (last && isAlike(last.cached, cached)) return last.plugin
    return pluginOf(cached).then((plugin) => {
      last = { cached, plugin }
      return plugin
    })
  }
}

function isAlike(one: CachedAttachment, other: CachedAttachment): boolean {
  return (
    one.config === other.config &&
    one.runtime === other.runtime &&
    one.attachment.network === other.attachment.network
  )
}

/** Computes a value once per key: a list of thousands of prefixes is read once for all pods of a network. */
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
