import { CniError } from '../cni/error'
import type { JsonObject } from '../cni/json'
import { isSupported, SUPPORTED_VERSIONS, type Version } from '../cni/version'
import { ownPluginsIn } from './edit-conflist'
import { neighbourIn } from './neighbours'
import type { Target } from './target'

interface Wish {
  /** What the conflist's version is to be. */
  readonly cniVersion: Version | undefined
  /** The operator knows better about the primary plugin. */
  readonly force: boolean
}

/** Refuses a conflist in which ip-masq would do harm: every ADD of the node would fail, or nothing would change. */
export function requireFit(target: Target, { cniVersion, force }: Wish): void {
  const { path, conflist, text } = target
  const refuse = (why: string) => new CniError('invalidConfig', `Cannot add ip-masq to ${path}: ${why}`)
  if (!Array.isArray(conflist.plugins)) {
    throw refuse('it holds one plugin and no list; write a .conflist with "plugins"')
  }
  const version = versionFault(conflist)
  if (version !== undefined && cniVersion === undefined) throw refuse(version)
  // Who has it already has decided.
  if (force || ownPluginsIn(text) > 0) return
  const neighbour = neighbourIn(conflist)
  if (neighbour === undefined) return
  throw refuse(
    `${neighbour.name} masquerades by itself, and ip-masq changes nothing of that: switch it off first, and use --force then (docs/neighbours.md#${neighbour.section})`,
  )
}

/** Some primary plugins work without a version, or with one that is no longer spoken; with us every ADD would fail. */
export function versionFault({ cniVersion, cniVersions }: JsonObject): string | undefined {
  // Runtimes take the highest of both that they speak.
  const offered = [cniVersion, ...(Array.isArray(cniVersions) ? cniVersions : [])]
  if (offered.some(isSupported)) return undefined
  const has =
    cniVersion === undefined
      ? 'it has no "cniVersion", which means 0.1.0'
      : `its "cniVersion" is ${JSON.stringify(cniVersion)}`
  return `${has}, and ip-masq speaks ${SUPPORTED_VERSIONS.join(', ')}: every ADD would fail; write "cniVersion": "1.0.0", or use --set-cni-version 1.0.0`
}
