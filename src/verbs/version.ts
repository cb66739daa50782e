import { NEWEST_VERSION, SUPPORTED_VERSIONS } from '../cni/version'
import type { Answer, Input } from './call'

/** The verb VERSION. It works without a config too, because runtimes ask for the versions before there is one. */
export function version(input: Input): Answer {
  let cniVersion: unknown
  try {
    cniVersion = input.read().config.cniVersion
  } catch {}
  if (typeof cniVersion !== 'string') cniVersion = NEWEST_VERSION
  return { stdout: JSON.stringify({ cniVersion, supportedVersions: SUPPORTED_VERSIONS }), warnings: [] }
}
