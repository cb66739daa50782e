import { CniError } from '../cni/error'
import type { JsonObject } from '../cni/json'
import { isSupported, SUPPORTED_VERSIONS, type Version } from '../cni/version'
import { ownPluginsIn } from './edit-conflist'
import { neighbourIn } from './neighbours'
import type { Target } from './target'

interface Wish {
  /** The version that the conflist is to have. */
  readonly cniVersion: Version | undefined
  /** The operator takes responsibility for the primary plugin. */
  readonly force: boolean
}

/** Refuses a conflist in which ip-masq would do harm: every ADD of the node would fail, or ip-masq would change nothing. */
export function requireFit(target: Target, { cniVersion, force }: Wish): void {
  const { path, conflist, text } = target
  const refuse = (why: string) => new CniError('invalidConfig', `Cannot add ip-masq to ${path}: ${why}`)
  if (!Array.isArray(conflist.plugins)) {
    throw refuse('it holds one plugin and no list; write a .conflist with "plugins"')
  }
  const version = versionFault(conflist)
  if (version !== undefined && cniVersion === undefined) throw refuse(version)
  // If ip-masq is in it already, somebody has decided.
  if (force || ownPluginsIn(text) > 0) return
  const neighbour = neighbourIn(conflist)
  if (neighbour === undefined) return
  throw refuse(
    `${neighbour.name} masquerades by itself, and ip-masq cannot change that: switch that masquerade off first, and then use --force (docs/neighbours.md#${neighbour.section})`,
  )
}

/**
 * Why ip-masq would make every ADD fail. Some primary plugins work without a version, or with one that is no longer
 * supported.
 */
export function versionFault({ cniVersion, cniVersions }: JsonObject): string | undefined {
  // Runtimes take the highest version that both sides support.
  const offered = [cniVersion, ...(Array.isArray(cniVersions) ? cniVersions : [])]
  if (offered.some(isSupported)) return undefined
  const has =
    cniVersion === undefined
      ? 'it has no "cniVersion", which means 0.1.0'
      : `its "cniVersion" is ${JSON.stringify(cniVersion)}`
  return `${has}, and ip-masq supports ${SUPPORTED_VERSIONS.join(', ')}: every ADD would fail; write "cniVersion": "1.0.0", or use --set-cni-version 1.0.0`
}
