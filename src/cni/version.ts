import { CniError, quote } from './error'
import type { JsonObject } from './json'

/** Oldest first. 0.1.0 and 0.2.0 have another result type (`ip4`, `ip6`) and no chaining. */
export const SUPPORTED_VERSIONS = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const

export type Version = (typeof SUPPORTED_VERSIONS)[number]

export const NEWEST_VERSION: Version = '1.1.0'

export function isSupported(value: unknown): value is Version {
  return SUPPORTED_VERSIONS.some((version) => version === value)
}

function isAtLeast(version: Version, floor: Version): boolean {
  return SUPPORTED_VERSIONS.indexOf(version) >= SUPPORTED_VERSIONS.indexOf(floor)
}

/**
 * Reads `cniVersion` of a config. The spec reads an absent one as 0.1.0, which cannot chain plugins; libcni writes it as
 * an empty one.
 */
function parseVersion(value: unknown): Version {
  if (isSupported(value)) return value
  const wanted = `write one of ${SUPPORTED_VERSIONS.join(', ')}`
  if (value === undefined || value === '') {
    throw new CniError(
      'incompatibleVersion',
      `Cannot use a config without cniVersion, which means version 0.1.0: write "cniVersion": "1.0.0" at the top of the conflist, or another of ${SUPPORTED_VERSIONS.join(', ')}`,
    )
  }
  throw new CniError('incompatibleVersion', `Cannot use cniVersion ${quote(value)}: ${wanted}`)
}

/** The config's version, if it has the verb. */
export function requireVersion(command: string, { cniVersion }: JsonObject, floor: Version): Version {
  const version = parseVersion(cniVersion)
  if (isAtLeast(version, floor)) return version
  throw new CniError(
    'incompatibleVersion',
    `Cannot run ${command} with cniVersion "${version}": ${command} needs ${floor} or later`,
  )
}
